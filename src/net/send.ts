// One HTTP exchange over Node's own client. Not `fetch`: loading that takes 50 ms and its first request 8 ms more, and a
// refresher (auth/refresher-main.ts) is a new process each time. Not for: limits, or what an answer means (http.ts).
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What was asked, and when it does not matter any more. */
interface Question {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Redirects are answers like any other; leaving `body` early ends the connection. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers?: IncomingHttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
}

export type Send = (url: string, question: Question) => Promise<Answer>;

/**
 * Rejects with the system's error, or as soon as `signal` aborts, which ends the body as well. Each exchange has a
 * connection of its own: on one that was kept it would be unknown whether a server that closed it has spent the token.
 */
export const send: Send = (url, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    // Nobody who is logged in needs either before the first refresh. Node's own agents go by HTTPS_PROXY where told to.
    const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const asked = request(url, { method, headers: { ...headers, ...length, connection: 'close' }, signal });
    asked.once('response', (message: IncomingMessage) =>
      resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message }),
    );
    // Also after the answer has begun: it shows in the body then.
    asked.on('error', reject);
    asked.end(body);
  });
