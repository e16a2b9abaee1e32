// Random inputs that are the same in every run: a seeded generator, JSON values, the many spellings that one JSON
// value can have, and ways to cut bytes into pieces. Not for: secrets, or anything outside tests.

export interface Random {
  /** A whole number from 0 up to, but not including, `below`. */
  int(below: number): number;
  pick<T>(items: readonly T[]): T;
  /** The items in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** Mulberry32: small, and good enough to find bugs with. */
export function seeded(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    pick: (items) => {
      const item = items[int(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    shuffle: (items) => {
      const rest = [...items];
      return items.flatMap(() => rest.splice(int(rest.length), 1));
    },
  };
}

/** Text that a scanner of JSON might stumble over. */
export function randomText(random: Random): string {
  const parts = [
    'id',
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    '\t',
    'é',
    '€',
    '𝄞',
    '<',
    '/',
    'a',
    'result',
    ' ',
  ];
  return Array.from({ length: random.int(8) }, () => random.pick(parts)).join('');
}

/** A JSON value, at most `depth` levels deep; its keys like to be `id`, `method`, `result` and `error`. */
export function randomJson(random: Random, depth: number): unknown {
  const leaves = [0, -1, 1.5, 1e21, true, false, null, '', randomText(random), randomText(random)];
  const kind = depth === 0 ? 0 : random.int(3);
  const length = random.int(4);
  if (kind === 1) return Array.from({ length }, () => randomJson(random, depth - 1));
  if (kind === 2)
    return Object.fromEntries(
      Array.from({ length }, () => [
        random.pick(['id', 'method', 'result', 'error', randomText(random)]),
        randomJson(random, depth - 1),
      ]),
    );
  return random.pick(leaves.map((leaf) => ({ leaf }))).leaf;
}

/** `value` as JSON text with white space and escapes at random places. */
export function spelt(random: Random, value: unknown): string {
  const space = (): string => random.pick(['', '', '', ' ', '\t', '\r', '  ']);
  const list = (items: string[]): string => items.map((item) => space() + item + space()).join(',');
  if (typeof value === 'string') return speltString(random, value);
  if (Array.isArray(value)) return `[${list(value.map((item) => spelt(random, item)))}${space()}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, member]) => `${speltString(random, key)}${space()}:${space()}${spelt(random, member)}`,
    );
    return `{${list(members)}${space()}}`;
  }
  return JSON.stringify(value);
}

/** `text` as a JSON string in which some characters are escaped that need not be. */
export function speltString(random: Random, text: string): string {
  const characters = Array.from(text, (character) => {
    if (random.int(6) > 0) return JSON.stringify(character).slice(1, -1);
    if (character === '/') return '\\/';
    return Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join('');
  });
  return `"${characters.join('')}"`;
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** `bytes` in pieces of one byte. */
export function bytewise(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
}

/** `bytes` in pieces of up to `most` bytes. */
export function pieces(random: Random, bytes: Buffer, most = 40): Buffer[] {
  const result: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.int(most);
    result.push(bytes.subarray(at, end));
    at = end;
  }
  return result;
}
