// The loopback address to which an authorization server sends a browser back (RFC 8252, section 7.3): it listens for one
// answer, and shows the person how the login went. Not for: what the answer means, or the page that leads to it.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import { codeOf, RefusedError } from '../base/errors.ts';
import { CONTENT_HEADERS, resultPage } from './result-page.ts';

export interface RedirectOptions {
  /** Default: any free one. GitHub, and whoever follows RFC 8252, section 7.3, takes every port of a loopback address. */
  readonly port?: number | undefined;
  /** What the answer must bring back to be looked at. No secret: it is in the address that the person opens. */
  readonly state: string;
  /** Default: `/callback`. */
  readonly path?: string;
  readonly clock: Clock;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** For how long an answer is waited for. */
  readonly timeoutMs: number;
}

export interface Redirect {
  /** To be given to the authorization server, such as `http://127.0.0.1:49152/callback`. */
  readonly redirectUri: string;
  /**
   * The query of the one request that brought the right state; it has a `code` or an `error`.
   * Rejects with {@link RefusedError} `expired_token` where none came in time, with the signal's reason, or with
   * `login_ended` where the listener was closed first.
   */
  readonly answer: Promise<URLSearchParams>;
  /**
   * Shows the person who came back how it went, and resolves once it is sent. Nothing happens where nobody waits for it.
   * @param text sentences in plain text
   */
  finish(page: 'done' | 'failed', text: string): Promise<void>;
  /** Ends every connection. Whoever waits for a result by then reads that there is none. Never rejects. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** A connection that has not asked anything by then is ended, in ms: browsers open some in advance, others do harm. */
const QUESTION_MS = 10_000;
/** A person who came back reads something by then, in ms, even if the token is not there yet. */
const HOLD_MS = 30_000;
/** The result has this long to get through, in ms: nobody waits for a browser that hangs. */
const FLUSH_MS = 1000;
/** Bytes. Cookies of 127.0.0.1 come from whatever else was ever served there, and are sent to us as well. */
const MOST_HEADERS = 64 * 1024;

/**
 * Listens on 127.0.0.1 until the answer is there, the time is over, or it is closed. Nothing of what comes in is logged.
 * @throws {RefusedError} the port cannot be had
 * @throws the signal's reason
 */
export async function listenForRedirect(options: RedirectOptions): Promise<Redirect> {
  options.signal.throwIfAborted();
  const listener = new RedirectListener(options);
  await listener.listen();
  return listener;
}

class RedirectListener implements Redirect {
  readonly answer: Promise<URLSearchParams>;
  readonly #options: RedirectOptions;
  readonly #path: string;
  readonly #server = createServer({ maxHeaderSize: MOST_HEADERS }, (request, response) => {
    this.#receive(request, response);
  });
  /** Connections that have not asked anything yet. */
  readonly #silent = new Map<Socket, Timer>();
  #settle: { resolve: (query: URLSearchParams) => void; reject: (reason: unknown) => void };
  #timeout: Timer | undefined;
  #isAnswered = false;
  /** The browser that brought the answer, until it is told how it went. */
  #waiting: { readonly response: ServerResponse; readonly limit: Timer } | undefined;
  #closed: Promise<void> | undefined;
  #port = 0;

  constructor(options: RedirectOptions) {
    this.#options = options;
    this.#path = options.path ?? '/callback';
    // The executor runs at once; without a value here the compiler cannot know that.
    this.#settle = { resolve: () => {}, reject: () => {} };
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // It may fail before anybody waits for it.
    this.answer.catch(() => {});
  }

  get redirectUri(): string {
    return `http://${LOOPBACK}:${this.#port}${this.#path}`;
  }

  async listen(): Promise<void> {
    const { port = 0, clock, signal, timeoutMs } = this.#options;
    this.#server.on('connection', (socket: Socket) => this.#limit(socket));
    await new Promise<void>((resolve, reject) => {
      this.#server.on('error', (error) => reject(notListening(error, port)));
      this.#server.listen({ host: LOOPBACK, port, exclusive: true }, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#timeout = clock.after(timeoutMs, () => this.#end(expired(timeoutMs)));
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) {
      await this.close();
      signal.throwIfAborted();
    }
  }

  finish(page: 'done' | 'failed', text: string): Promise<void> {
    const { clock } = this.#options;
    const waiting = this.#waiting;
    if (!waiting) return Promise.resolve();
    this.#waiting = undefined;
    waiting.limit.cancel();
    const { response } = waiting;
    return new Promise((resolve) => {
      const flushed = clock.after(FLUSH_MS, resolve);
      response.socket?.once('close', () => {
        flushed.cancel();
        resolve();
      });
      show(response, page === 'done' ? 200 : 400, page === 'done' ? 'Approved' : 'Not logged in', text);
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#tearDown();
    return this.#closed;
  }

  readonly #onAbort = (): void => this.#end(this.#options.signal.reason);

  #end(reason: unknown): void {
    this.#settle.reject(reason);
    void this.close();
  }

  async #tearDown(): Promise<void> {
    this.#timeout?.cancel();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#settle.reject(closedEarly());
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    await this.finish('failed', 'The login ended before it was complete. Start it again in your MCP client.');
    for (const timer of this.#silent.values()) timer.cancel();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Node's own limits run on the machine's clock, and begin at a minute. */
  #limit(socket: Socket): void {
    this.#silent.set(
      socket,
      this.#options.clock.after(QUESTION_MS, () => socket.destroy()),
    );
    socket.once('close', () => this.#hasAsked(socket));
  }

  #hasAsked(socket: Socket): void {
    this.#silent.get(socket)?.cancel();
    this.#silent.delete(socket);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#hasAsked(request.socket);
    const { method, headers, url = '' } = request;
    const at = url.indexOf('?');
    const path = at < 0 ? url : url.slice(0, at);
    if (path !== this.#path) {
      show(response, 404, 'Nothing here', 'This address is for the end of a login only.');
    } else if (headers.host !== `${LOOPBACK}:${this.#port}`) {
      // A name that a page of somebody else's lets point here (DNS rebinding).
      show(response, 421, 'Nothing here', `This address is for the end of a login at ${LOOPBACK} only.`);
    } else if (method !== 'GET') {
      response.setHeader('allow', 'GET');
      show(response, 405, 'Nothing here', 'A login ends here with a GET.');
    } else {
      this.#judge(new URLSearchParams(at < 0 ? '' : url.slice(at + 1)), response);
    }
  }

  #judge(query: URLSearchParams, response: ServerResponse): void {
    const states = query.getAll('state');
    if (states.length !== 1 || !isSame(states[0] ?? '', this.#options.state)) {
      // Anybody on this machine, and any page in the browser, can ask this: the login that is awaited goes on.
      show(
        response,
        400,
        'Not this login',
        'This is not the answer to the login that is under way. Open the address again that your MCP client shows.',
      );
    } else if (this.#isAnswered || this.#closed) {
      show(response, 410, 'Used already', 'This login has had its answer. Go back to your MCP client.');
    } else if (query.get('code') === null && query.get('error') === null) {
      show(response, 400, 'No answer', 'There is neither a code nor an error in this address.');
    } else {
      this.#hold(response);
      this.#isAnswered = true;
      this.#timeout?.cancel();
      this.#settle.resolve(query);
    }
  }

  /** Keeps the browser waiting for {@link finish}. */
  #hold(response: ServerResponse): void {
    const limit = this.#options.clock.after(HOLD_MS, () => {
      this.#waiting = undefined;
      show(response, 202, 'Not done yet', 'The login takes longer than usual. Go back to your MCP client.');
    });
    this.#waiting = { response, limit };
    response.once('close', () => {
      limit.cancel();
      if (this.#waiting?.response === response) this.#waiting = undefined;
    });
  }
}

function show(response: ServerResponse, status: number, title: string, text: string): void {
  const body = resultPage(title, text);
  response.writeHead(status, {
    ...CONTENT_HEADERS,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** Takes the same time for every wrong one. Hashed first, as the comparison wants equal lengths. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}

function expired(timeoutMs: number): RefusedError {
  return new RefusedError('expired_token', `nobody approved the login within ${timeoutMs / 60_000} min`, {
    next: 'Call auth_login again for a new page.',
  });
}

function closedEarly(): RefusedError {
  return new RefusedError('login_ended', 'the login ended before it had an answer', {
    next: 'Call auth_login again for a new page.',
  });
}

function notListening(error: Error, port: number): RefusedError {
  const code = codeOf(error);
  const setting = '--oauth-callback-port (GITHUB_OAUTH_CALLBACK_PORT)';
  const why = code === 'EADDRINUSE' ? 'another program has it' : (code ?? error.message);
  return new RefusedError('callback_port', `port ${port} of ${LOOPBACK} cannot be listened on: ${why}`, {
    next:
      port === 0
        ? 'Use --auth device instead.'
        : `End that program, or give another port, or none, with ${setting}.`,
  });
}
