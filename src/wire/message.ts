// What a JSON-RPC frame is to a session: its kind, its raw id, its bytes. And the frames that the proxy writes
// itself. Not for: framing (frames.ts) or routing (session/).
import { scanHead } from './head.ts';
import type { Head } from './scanner.ts';

/** JSON-RPC 2.0 section 5.1. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;

/** An id as JSON text (`canonicalId` in scanner.ts): two ids are the same when their texts are. */
export type IdText = string;

interface Framed {
  /** The frame with its newline; of a frame that streams, what had arrived when it was classified. */
  readonly bytes: Buffer;
  /** More of this frame follows: it is passed on as it comes (frames above 256 KiB). */
  readonly streaming: boolean;
}

export interface RequestFrame extends Framed {
  readonly kind: 'request';
  readonly id: IdText;
  readonly method: string;
}
export interface NotificationFrame extends Framed {
  readonly kind: 'notification';
  readonly method: string;
}
export interface ResponseFrame extends Framed {
  readonly kind: 'response';
  /** `undefined` while a streaming response has not come to its id yet. */
  readonly id: IdText | undefined;
  readonly outcome: 'result' | 'error';
}
export type Frame = RequestFrame | NotificationFrame | ResponseFrame;

/** What came where a frame should be. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly bytes: Buffer;
  readonly code: typeof PARSE_ERROR | typeof INVALID_REQUEST;
  readonly id: IdText | undefined;
}

/** The kind of a frame by its head alone. */
export function classify(bytes: Buffer, head: Head, streaming = false): Frame | Malformed {
  if (head.method !== undefined) {
    // `"id": null` in a request is what JSON-RPC 1 called a notification; MCP forbids it, SDKs treat it as one.
    if (head.id === undefined || head.id === 'null')
      return { kind: 'notification', method: head.method, bytes, streaming };
    return { kind: 'request', id: head.id, method: head.method, bytes, streaming };
  }
  if (head.outcome !== undefined)
    return { kind: 'response', id: head.id, outcome: head.outcome, bytes, streaming };
  return { kind: 'malformed', bytes, code: INVALID_REQUEST, id: head.id };
}

/** A whole frame, classified by its head; its body is not validated. */
export function readFrame(bytes: Buffer): Frame | Malformed {
  const head = scanHead(bytes);
  if (!head) return { kind: 'malformed', bytes, code: PARSE_ERROR, id: undefined };
  return classify(bytes, head);
}

/** A whole frame whose body is validated too: a line that is no JSON must not reach a server that would die of it. */
export function readValidFrame(bytes: Buffer): Frame | Malformed {
  if (parse(bytes) === undefined) return { kind: 'malformed', bytes, code: PARSE_ERROR, id: undefined };
  const frame = readFrame(bytes);
  // A valid JSON text that is no object: an array is a batch, which MCP dropped; others are nonsense.
  return frame.kind === 'malformed' ? { ...frame, code: INVALID_REQUEST } : frame;
}

/** The parsed frame, or `undefined` where it is no JSON. Numbers lose precision: for looking, not for sending. */
export function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Follows object keys; `undefined` as soon as something is not there. */
export function dig(value: unknown, ...path: string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** A frame of our own from its JSON text. */
function toFrame(text: string): Buffer {
  return Buffer.from(`${text}\n`);
}

/** A response with the raw id text `id` and the JSON text `result`. */
export function resultFrame(id: IdText, result: string): Buffer {
  return toFrame(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
}

/** An error response; `data` as MCP servers give it. `id` is `null` where the request's id is not known. */
export function errorFrame(id: IdText | undefined, code: number, message: string, data?: object): Buffer {
  const error = JSON.stringify({ code, message, ...(data && { data }) });
  return toFrame(`{"jsonrpc":"2.0","id":${id ?? 'null'},"error":${error}}`);
}

/** A request; `id` and `params` are JSON texts. */
export function requestFrame(id: IdText, method: string, params?: string): Buffer {
  const rest = params === undefined ? '' : `,"params":${params}`;
  return toFrame(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${rest}}`);
}

/** A notification; `params` is a JSON text. */
export function notificationFrame(method: string, params?: string): Buffer {
  const rest = params === undefined ? '' : `,"params":${params}`;
  return toFrame(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${rest}}`);
}
