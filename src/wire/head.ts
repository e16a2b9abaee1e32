// The head of a frame that is all there: in the spellings of the SDKs at a glance, in any other by scanning.
// Not for: frames that arrive in pieces (scanner.ts).
import type { Head } from './scanner.ts';
import { canonicalId, TopLevelScanner } from './scanner.ts';

/** Ids are numbers or plain strings there; whatever else an id may be is left to the scanner. */
const ID = String.raw`(0|[1-9][0-9]{0,19}|"[ !#-[\]-~]{0,64}")`;
const START = 128;
const END = 1024;

/** How the Go, Rust and Python SDKs begin an answer. */
const ID_FIRST = new RegExp(String.raw`^\{"jsonrpc":"2\.0","id":${ID},"(result|error)":`);
/** How the TypeScript SDK begins an answer and a request, and how it (and the Python SDK, a request) ends them. */
const KIND_FIRST = /^\{"(?:(result|error)":|method":"([ !#-[\]-~]*)")/;
/**
 * In valid JSON none of these quotes can lie within a string (a backslash would stand before it), and what comes
 * right before the last brace is of the top level: so this is the frame's own id.
 */
const ID_LAST = new RegExp(String.raw`,"jsonrpc":"2\.0","id":${ID}\}\r?\n?$`);

/**
 * The members before the last brace that hold no object and no list. Nothing within a string can pass for them: quotes
 * are matched in pairs up to the last brace, which lies outside of every string.
 */
const KEY = String.raw`[ !#-[\]-~]*`;
const VALUE = String.raw`"(?:[^"\\]|\\.)*"|[-+.\w]+`;
const MEMBER = new RegExp(String.raw`,\s*"(${KEY})"\s*:\s*(${VALUE})`, 'g');
const MEMBERS_LAST = new RegExp(String.raw`(?:,\s*"${KEY}"\s*:\s*(?:${VALUE})\s*)+\}\s*$`);

/** What is known of the whole frame `frame`; `undefined` where it is no JSON object, or has an id that is no id. */
export function scanHead(frame: Buffer): Head | undefined {
  return glance(frame) ?? scan(frame);
}

function glance(frame: Buffer): Head | undefined {
  const start = frame.toString('latin1', 0, START);
  const idFirst = ID_FIRST.exec(start);
  if (idFirst) return { id: idFirst[1], method: undefined, outcome: outcomeOf(idFirst[2]) };
  const kindFirst = KIND_FIRST.exec(start);
  const idLast = kindFirst && ID_LAST.exec(frame.toString('latin1', Math.max(0, frame.length - END)));
  return idLast ? { id: idLast[1], method: kindFirst[2], outcome: outcomeOf(kindFirst[1]) } : undefined;
}

/**
 * Whether a large frame that begins like this is written by the TypeScript SDK, so that its id comes last. Reading
 * through a hundred megabytes for it would halve the speed; {@link idAtEnd} looks at the last bytes instead.
 */
export function promisesIdLast(beginning: Buffer): boolean {
  return KIND_FIRST.test(beginning.toString('latin1', 0, START));
}

/**
 * The id in the last bytes of such a frame; `undefined` where the promise was not kept. Other libraries begin a frame
 * in the same way and end it in their own order and spacing, so every scalar member before the last brace is read.
 */
export function idAtEnd(last: Buffer): string | undefined {
  const [members = ''] = MEMBERS_LAST.exec(last.toString('latin1')) ?? [];
  for (const [, key, value = ''] of members.matchAll(MEMBER))
    if (key === 'id') return canonicalId(Buffer.from(value, 'latin1').toString());
  return undefined;
}

/** The last bytes of what came before and `piece`: as many as {@link idAtEnd} looks at. */
export function ending(before: Buffer, piece: Buffer): Buffer {
  const joined = piece.length < END ? Buffer.concat([before, piece]) : piece;
  return joined.subarray(Math.max(0, joined.length - END));
}

function outcomeOf(key: string | undefined): 'result' | 'error' | undefined {
  return key === 'result' || key === 'error' ? key : undefined;
}

function scan(frame: Buffer): Head | undefined {
  const scanner = new TopLevelScanner();
  scanner.feed(frame);
  return scanner.broken ? undefined : scanner;
}
