// One JSON request to an authorization server or its API: bounded in time and size, abortable, and with errors that hold nothing of the request.
// Not for: what an answer means (a 4xx is an answer), retries, or octokit (device-flow.ts).
import type { Clock } from '../base/clock.ts';
import { UnreachableError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { unreachable } from './network-error.ts';
import type { Answer, Send } from './send.ts';
import { send } from './send.ts';

export interface Http {
  readonly clock: Clock;
  /** Milliseconds for a whole exchange, body included. */
  readonly timeoutMs: number;
  readonly send: Send;
  /** What a person checks when the wrong machine answers, such as `--issuer`. */
  readonly setting: string;
}

/** What the rest of the program uses. */
export function createHttp(clock: Clock, options: Partial<Omit<Http, 'clock'>> = {}): Http {
  return { clock, timeoutMs: 10_000, send, setting: '--gh-host (GITHUB_HOST)', ...options };
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The status of a 2xx says all: whatever else comes with it need not be JSON (RFC 7009, section 2.2, for one). */
  readonly isStatusEnough?: boolean;
}

/** `data` is `undefined` where a 4xx came without JSON, and where there is nothing to tell (202, 204, and as above). */
export interface JsonAnswer {
  readonly status: number;
  /** When the server says it answered, as its `Date` header has it. */
  readonly date: string | undefined;
  readonly data: unknown;
}

/** No answer wanted here is longer than some kilobytes. */
const LARGEST_BODY_BYTES = 1024 * 1024;

/**
 * Sends one request and reads its answer as JSON. Redirects are not followed: they would carry a token elsewhere.
 * @throws {UnreachableError} no answer in time, 429, 5xx, a redirect, too long a body, or a 2xx that is no JSON
 * @throws the signal's reason as soon as it aborts
 */
export async function requestJson(
  http: Http,
  request: JsonRequest,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  signal.throwIfAborted();
  const { origin } = new URL(request.url);
  const limit = new AbortController();
  const timer = http.clock.after(http.timeoutMs, () => limit.abort());
  const onAbort = (): void => limit.abort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const response = await http.send(request.url, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...request.headers,
        'user-agent': `gh-mcp-proxy/${VERSION}`,
      },
      signal: limit.signal,
      ...(request.body !== undefined && { body: request.body }),
    });
    const text = await readBody(response, origin, http.setting);
    return {
      status: response.status,
      date: response.headers?.date,
      data: judge(response, text, { origin, setting: http.setting, ...request }),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnreachableError) throw error;
    if (limit.signal.aborted) {
      throw new UnreachableError(`${origin} did not answer within ${http.timeoutMs / 1000} s`, {
        next: 'Check the network connection and try again.',
      });
    }
    // Not kept as `cause`: an error of the transport may hold bytes of the answer, and with them a token.
    throw unreachable(origin, error, http.setting);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

interface JudgeContext extends Pick<JsonRequest, 'isStatusEnough'> {
  readonly origin: string;
  readonly setting: string;
}

/** The answer's JSON, once it is clear that it is an answer at all. */
function judge(response: Answer, text: string, { origin, setting, isStatusEnough }: JudgeContext): unknown {
  const { status } = response;
  if (status >= 300 && status < 400) {
    throw new UnreachableError(
      `${origin} redirects elsewhere (HTTP ${status}), where credentials are not sent`,
      {
        next: `Check ${setting}, or whether this network asks for a login of its own first.`,
      },
    );
  }
  if (status === 429 || status >= 500) {
    throw new UnreachableError(`${origin} cannot answer just now (HTTP ${status})`, {
      next: 'Try again later.',
    });
  }
  if (text === '' && (status === 202 || status === 204)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    if (status >= 400 || isStatusEnough === true) return undefined;
    throw new UnreachableError(`${origin} answered with something that is not JSON (HTTP ${status})`, {
      next: `Check ${setting}, or whether a proxy or a login page of the network answers instead.`,
    });
  }
}

async function readBody(response: Answer, origin: string, setting: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > LARGEST_BODY_BYTES) {
      throw new UnreachableError(`${origin} sent an answer of more than ${LARGEST_BODY_BYTES} bytes`, {
        next: `Check ${setting}.`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `value` as an object with unknown fields, or `undefined`. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
