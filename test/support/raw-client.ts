// An MCP client that adds nothing and hides nothing: lines as they came, ids as they were written.
// Not for: what a real client does of itself; see sdk-client.ts.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { rawMember, readLines } from '../../fixtures/servers/lib/frames.mjs';
import { parseMessage } from './messages.ts';
import type { Json, Message } from './messages.ts';
import { Transcript, Waits } from './transcript.ts';

/** Answers a request of the server's: the result, or a throw for an error response. */
export type Handler = (params: Json, message: Message) => unknown;

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class RawClient {
  readonly child: ChildProcessWithoutNullStreams;
  /** Every line of stdout, without its newline, exactly as it came. */
  readonly rawLines: Buffer[] = [];
  /** Those that are JSON objects, parsed. */
  readonly messages: Message[] = [];
  /** Those that are not: a client would choke on them. */
  readonly notJson: string[] = [];
  /** The process ended. What inherited its stdout may live on: see {@link closed}. */
  readonly exited: Promise<End>;
  /** The process ended and nobody holds its stdout and stderr any more. */
  readonly closed: Promise<End>;

  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #transcript = new Transcript();
  readonly #waits = new Waits(this.#transcript);
  readonly #returned = new Set<Message>();
  readonly #lines = new WeakMap<Message, Buffer>();
  readonly #handlers = new Map<string, Handler>();
  #nextId = 1;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#transcript.add('--', `exited, code ${code}, signal ${signal}`);
        resolve({ code, signal });
      });
    });
    this.closed = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({ code, signal });
        this.#waits.ended(`the process ended (code ${code}, signal ${signal})`);
      });
    });
    // A process that could not be started has already failed the waits; this promise is not always awaited.
    this.exited.catch(() => {});
    child.stdout.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    readLines(
      child.stdout,
      (line) => this.#receive(line),
      () => {},
    );
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr.push(chunk);
      this.#transcript.add('stderr', chunk.toString().trimEnd());
      this.#waits.arrived();
    });
    // Writing to a process that has ended is what some tests do; its end is seen by `exited`.
    child.stdin.on('error', (error) => this.#transcript.add('--', `stdin: ${error.message}`));
  }

  /** @throws {Error} the program could not be started */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process was not started');
    return this.child.pid;
  }

  /** Writes one line: an object as JSON, a string as it is; the newline is added. */
  send(message: object | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.#transcript.add('->', text);
    this.child.stdin.write(`${text}\n`);
  }

  /** Writes bytes as they are. Resolves when the system has taken them, so that the next ones are another write. */
  sendBytes(bytes: Uint8Array): Promise<void> {
    this.#transcript.add('=>', Buffer.from(bytes).toString());
    return new Promise((resolve) => {
      this.child.stdin.write(bytes, () => resolve());
    });
  }

  notify(method: string, params?: Json): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** Sends a request and resolves with its response, error responses included. */
  request(method: string, params?: Json, id: string | number = this.#nextId++): Promise<Message> {
    return this.requestRaw(JSON.stringify(id), method, params);
  }

  /**
   * The same with an id given as JSON text. The response must have an id of exactly this text, so that a number
   * above 2^53, or `0` for `"0"`, is seen to come back unchanged.
   */
  requestRaw(idText: string, method: string, params?: Json, ms?: number): Promise<Message> {
    const rest = params === undefined ? '' : `,"params":${JSON.stringify(params)}`;
    this.send(`{"jsonrpc":"2.0","id":${idText},"method":${JSON.stringify(method)}${rest}}`);
    const isReply = (message: Message): boolean =>
      message.method === undefined && rawMember(this.lineOf(message).toString(), 'id') === idText;
    return this.nextMessage(isReply, ms, `the reply to ${method} ${idText}`);
  }

  /** `tools/call`. */
  callTool(name: string, args: Json = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args });
  }

  /**
   * The handshake with these capabilities, `notifications/initialized` included.
   * @returns the response to `initialize`
   */
  async initialize(capabilities: Json = {}, protocolVersion = '2025-11-25'): Promise<Message> {
    const clientInfo = { name: 'raw-client', version: '1.0.0' };
    const response = await this.request('initialize', { protocolVersion, capabilities, clientInfo });
    this.notify('notifications/initialized');
    return response;
  }

  /**
   * The first message, arrived or to come, that matches and that no earlier call has given (a message is given
   * once, also to {@link request}).
   * @throws {Error} after `ms` (default 10 s) or when the process ends, with the transcript
   */
  async nextMessage(
    matches: (message: Message) => boolean,
    ms?: number,
    what = 'a message',
  ): Promise<Message> {
    return this.#waits.until(
      what,
      () => {
        const found = this.messages.find((message) => !this.#returned.has(message) && matches(message));
        if (found) this.#returned.add(found);
        return found;
      },
      ms,
    );
  }

  /** The next notification of this method. */
  nextNotification(method: string, ms?: number): Promise<Message> {
    return this.nextMessage((message) => message.method === method && message.id === undefined, ms, method);
  }

  /** The line, without its newline, that a message was parsed from. */
  lineOf(message: Message): Buffer {
    return this.#lines.get(message) ?? Buffer.alloc(0);
  }

  /** Answers the server's requests of this method from now on. Others stay unanswered, as with some clients. */
  handleRequest(method: string, handler: Handler): void {
    this.#handlers.set(method, handler);
  }

  /** All of stdout, newlines included. */
  stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  stderrText(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /** The match of `pattern` in all of stderr, as soon as there is one. */
  waitForStderr(pattern: RegExp, ms?: number): Promise<RegExpExecArray> {
    return this.#waits.until(
      `${pattern.source} on stderr`,
      () => pattern.exec(this.stderrText()) ?? undefined,
      ms,
    );
  }

  transcript(): string {
    return this.#transcript.toString();
  }

  /** Closes stdin, as a client does to end a session. */
  end(): void {
    this.#transcript.add('--', 'stdin closed');
    this.child.stdin.end();
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal);
  }

  #receive(line: Buffer): void {
    this.rawLines.push(line);
    const text = line.toString();
    this.#transcript.add('<-', text);
    const message = parseMessage(text);
    if (message) {
      this.messages.push(message);
      this.#lines.set(message, line);
      if (message.method !== undefined && message.id !== undefined) void this.#answer(message, text);
    } else {
      this.notJson.push(text);
    }
    this.#waits.arrived();
  }

  async #answer(message: Message, text: string): Promise<void> {
    const handler = this.#handlers.get(message.method ?? '');
    if (!handler) return;
    const head = `{"jsonrpc":"2.0","id":${rawMember(text, 'id')}`;
    try {
      const result = await handler(message.params ?? {}, message);
      this.send(`${head},"result":${JSON.stringify(result ?? {})}}`);
    } catch (error) {
      const answer = { code: -32603, message: error instanceof Error ? error.message : String(error) };
      this.send(`${head},"error":${JSON.stringify(answer)}}`);
    }
  }
}
