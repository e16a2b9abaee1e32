// What is known of one request of a world's client, from its beginning, and how clients spell ids and progress tokens.
// Not for: what becomes of all of them (world-client.ts).
import { canonicalId } from '../../../src/wire/scanner.ts';
import type { Json } from '../../support/messages.ts';

/** A request of the client, for ever: ids are not used again. */
export interface Request {
  /** In one spelling ({@link canonicalId}). */
  readonly id: string;
  /** As the client spells it. */
  readonly raw: string;
  /** Its place in the order of all requests. */
  readonly seq: number;
  readonly method: string;
  readonly params: Json;
  /** Running it twice would do harm. */
  readonly unsafe: boolean;
  /** Its progress token, where it has one. */
  readonly token: string | undefined;
  readonly streamed: boolean;
  /** The client had said that it is initialized. */
  late: boolean;
  state: 'open' | 'answered' | 'cancelled';
  /** The answer said that it has not run. */
  notRun: boolean;
  failed: boolean;
  /** The token of each failed authentication that it was answered with. */
  readonly refusedWith: number[];
  /** The generations that it was sent to, in order. */
  readonly sentTo: number[];
  /** How often it took effect. */
  ran: number;
}

const SAFE_TOOLS = new Set<unknown>(['read', 'put']);
const UNSAFE = new Set(['tools/call', 'x/custom']);

/** What a request is made of; `spelling` counts through the kinds of ids, `asking` through those of tokens, 0 for none. */
interface Wanted {
  readonly method: string;
  readonly params: Json;
  readonly spelling: number;
  readonly asking: number;
  readonly streamed: boolean;
}

export function newRequest(seq: number, { method, params, spelling, asking, streamed }: Wanted): Request {
  const raw = SPELLINGS[spelling % SPELLINGS.length]?.(seq) ?? String(seq);
  return {
    id: canonicalId(raw),
    raw,
    seq,
    method,
    params,
    unsafe: UNSAFE.has(method) && !SAFE_TOOLS.has(params['name']),
    token: streamed ? undefined : TOKENS[asking % TOKENS.length]?.(seq),
    streamed,
    late: false,
    state: 'open',
    notRun: false,
    failed: false,
    refusedWith: [],
    sentTo: [],
    ran: 0,
  };
}

/** How clients spell ids; each is its own, whatever the number. */
const SPELLINGS: readonly ((seq: number) => string)[] = [
  (seq) => String(seq - 1),
  (seq) => `"${seq}"`,
  (seq) => `90071992547409931${seq}`,
  (seq) => `"a \\"quoted\\" \\u00e9\\/${seq}"`,
  (seq) => `"g1:${seq}"`,
  (seq) => `-${seq + 1}`,
];

const TOKENS: readonly ((seq: number) => string | undefined)[] = [
  () => undefined,
  (seq) => String(seq),
  (seq) => `"${seq}"`,
  (seq) => `${seq + 1}9007199254740993`,
  (seq) => `"g1:\\"${seq}"`,
];

/** Of a token as raw text: a server in JavaScript gives it back in another spelling, or without its last digits. */
export function keyOf(raw: string): string {
  return JSON.stringify(JSON.parse(raw));
}
