// Frees the buffers of a large frame while it passes. V8 counts a buffer's memory as the few bytes of its handle, so
// by itself it lets some 40 MB of them gather, in a bare pipe just as here (bench/). Not for: small frames; there is
// nothing to gain, and V8 knows better.

/** How much may pass between two collections, in bytes: each takes well under a millisecond. */
const EVERY = 8 * 1024 * 1024;

let collect: (() => void) | undefined;
let passed = 0;

/** To be told of every piece of a frame that streams; collects the young generation from time to time. */
export function pieceHasPassed(bytes: number): void {
  passed += bytes;
  if (passed < EVERY) return;
  passed = 0;
  collect ??= collector();
  collect();
}

/** V8's collector, which Node shows only under a flag; nothing where this Node has none. */
function collector(): () => void {
  // Loaded at the first large frame: nobody else needs them.
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  const gc: unknown = process.getBuiltinModule('node:vm').runInNewContext('globalThis.gc');
  return typeof gc === 'function' ? () => void gc({ type: 'minor' }) : () => {};
}
