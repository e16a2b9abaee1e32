// How a command of the model finds what it means in the world at hand. Not for: random numbers; fast-check has those.

/** The item that `which` means, counted round; undefined where there is none. */
export function pick<T>(items: readonly T[], which: number): T | undefined {
  return items[which % items.length];
}
