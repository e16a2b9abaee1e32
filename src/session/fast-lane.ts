// Forwards runs of ordinary frames at once: tool calls on their way to the current generation, and their results on
// the way back. What it does to the state is what transition.ts would do frame by frame, several times slower.
// Not for: any frame in which something has to be decided; it stops before the first of those.
import { isJson } from '../wire/plain-json.ts';
import { enterPlain, PlainCall, settlePlain } from './pending.ts';
import { isHolding } from './selectors.ts';
import type { Place, State } from './state.ts';

/** How most servers and many clients begin a frame. */
const ID_FIRST = '{"jsonrpc":"2.0","id":';
const CALL_AFTER_ID = ',"method":"tools/call","params":';
const RESULT_AFTER_ID = ',"result":{';
/** How the TypeScript SDK begins and ends one. */
const CALL_FIRST = '{"method":"tools/call","params":';
const NAME_FIRST = '{"name":"';
/** How the names of our own tools begin, here and where the upstream has one of the same (own-names.ts). */
const OURS_FIRST = 'auth_';
const OURS_FIRST_AFTER_COLLISION = 'gh_mcp_proxy_';
const RESULT_FIRST = '{"result":{';
const BEFORE_LAST_ID = '},"jsonrpc":"2.0","id":';

/** A chunk of this size holds so many frames that how they are validated matters, in bytes. */
const BULK = 8 * 1024;
/** Nobody counts further; and V8 makes a longer text a slice, which would keep the whole region's text in memory. */
const MOST_DIGITS = 12;
const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Enters the tool calls that stand in a row from `from` on, for the generation that is ready.
 * @param text `region` as latin1, so that offsets are the same
 * @returns where the first other frame begins; what lies before it is to be sent to the generation
 */
export function takeCalls(state: State, region: Buffer, text: string, from: number): number {
  if (state.upstream.kind !== 'ready') return from;
  const place: Place = { kind: 'upstream', generation: state.upstream.generation };
  let at = from;
  for (;;) {
    const newline = text.indexOf('\n', at);
    if (newline === -1) return at;
    let idFrom: number;
    let idTo: number;
    let params: number;
    let paramsEnd: number;
    if (text.startsWith(ID_FIRST, at)) {
      idFrom = at + ID_FIRST.length;
      idTo = digitsEnd(text, idFrom);
      params = idTo + CALL_AFTER_ID.length;
      paramsEnd = newline - 1;
      if (!text.startsWith(CALL_AFTER_ID, idTo) || !text.startsWith('}', paramsEnd)) return at;
    } else if (text.startsWith(CALL_FIRST, at)) {
      idTo = newline - 1;
      idFrom = digitsStart(text, idTo);
      params = at + CALL_FIRST.length;
      paramsEnd = idFrom - BEFORE_LAST_ID.length + 1;
      if (!text.startsWith(BEFORE_LAST_ID, paramsEnd - 1) || !text.startsWith('}', idTo)) return at;
    } else return at;
    if (!isNumber(text, idFrom, idTo) || !namesOther(text, params)) return at;
    const id = text.slice(idFrom, idTo);
    if (state.pending.has(id)) return at;
    if (!isJson(text, params, paramsEnd, region.length >= BULK)) return at;
    enterPlain(state, new PlainCall(id, place, region, at, newline + 1));
    at = newline + 1;
  }
}

/**
 * Settles the results of such calls that stand in a row from `from` on.
 * @returns where the first other frame begins; what lies before it is to be sent to the client
 */
export function takeResults(state: State, generation: number, text: string, from: number): number {
  let at = from;
  for (;;) {
    const newline = text.indexOf('\n', at);
    if (newline === -1) return at;
    let idFrom: number;
    let idTo: number;
    if (text.startsWith(ID_FIRST, at)) {
      idFrom = at + ID_FIRST.length;
      idTo = digitsEnd(text, idFrom);
      if (!text.startsWith(RESULT_AFTER_ID, idTo) || !text.startsWith('}}', newline - 2)) return at;
    } else if (text.startsWith(RESULT_FIRST, at)) {
      idTo = newline - 1;
      idFrom = digitsStart(text, idTo);
      if (!text.startsWith(BEFORE_LAST_ID, idFrom - BEFORE_LAST_ID.length) || !text.startsWith('}', idTo))
        return at;
    } else return at;
    if (!settlePlain(state, text.slice(idFrom, idTo), generation)) return at;
    at = newline + 1;
  }
}

/** Whether results of `generation` may pass in runs: nothing waits for what they change. */
export function isSteady(state: State, generation: number): boolean {
  return (
    state.upstream.kind === 'ready' &&
    state.upstream.generation === generation &&
    state.auth.kind === 'usable' &&
    !isHolding(state) &&
    state.retired.size === 0 &&
    state.closing.kind === 'open'
  );
}

/** Whether the digits are a number in JSON, which no zero begins but its own. */
function isNumber(text: string, from: number, to: number): boolean {
  const digits = to - from;
  return digits === 1 || (digits > 1 && digits <= MOST_DIGITS && text.charCodeAt(from) !== ZERO);
}

/** Whether params begin with the name of a tool that cannot be ours; an escape could stand for any letter of it. */
function namesOther(text: string, params: number): boolean {
  if (!text.startsWith(NAME_FIRST, params)) return false;
  const from = params + NAME_FIRST.length;
  for (let at = from; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE)
      return !text.startsWith(OURS_FIRST, from) && !text.startsWith(OURS_FIRST_AFTER_COLLISION, from);
    if (code === BACKSLASH || Number.isNaN(code)) return false;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function digitsStart(text: string, to: number): number {
  let at = to;
  while (isDigit(text.charCodeAt(at - 1))) at -= 1;
  return at;
}
