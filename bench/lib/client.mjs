// A raw MCP client: writes ready-made bytes and looks at what comes back as bytes.
// Not for: the protocol at large; it parses only the small replies it waits for.

/** @typedef {import('./processes.mjs').Running} Running */

/**
 * Looks at one chunk of the contender's stdout.
 * @template T
 * @typedef {(chunk: Buffer) => T | undefined} Reader anything but undefined ends the exchange
 */

/** @typedef {{ id?: number, result?: { content?: { text?: string }[], isError?: boolean }, error?: object }} Reply */

/** No single exchange of the benchmark takes nearly as long. */
const EXCHANGE_MS = 20_000;

const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}\n';

export class Client {
  /** @type {import('node:stream').Writable} */
  #stdin;
  /** @type {(chunk: Buffer) => void} */
  #read = () => {};
  /** @type {Promise<string>} */
  #ended;
  #lastId = 0;

  /** @param {Running} running */
  constructor({ child, ended }) {
    this.#stdin = child.stdin;
    this.#ended = ended;
    child.stdout.on('data', (chunk) => this.#read(chunk));
  }

  /**
   * Writes `parts` and hands every chunk that comes to `reader` until it returns something. Rejects when the reader
   * throws, the process ends, or {@link EXCHANGE_MS} have passed. One exchange at a time.
   * @template T
   * @param {readonly (string | Buffer)[]} parts
   * @param {Reader<T>} reader
   * @returns {Promise<T>}
   */
  exchange(parts, reader) {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#read = () => {};
      };
      /** @param {string} why */
      const fail = (why) => {
        settle();
        reject(new Error(why));
      };
      const timer = setTimeout(fail, EXCHANGE_MS, `no answer within ${EXCHANGE_MS / 1000} s`);
      void this.#ended.then(fail);
      this.#read = (chunk) => {
        try {
          const value = reader(chunk);
          if (value === undefined) return;
          settle();
          resolve(value);
        } catch (error) {
          fail(error instanceof Error ? error.message : String(error));
        }
      };
      this.write(...parts);
    });
  }

  /**
   * Hands every chunk to `reader` from now on, whatever it returns: for many exchanges at once.
   * @param {Reader<unknown>} reader
   * @returns {Promise<string>} resolves with how the process ended
   */
  listen(reader) {
    this.#read = reader;
    return this.#ended;
  }

  /** @param {readonly (string | Buffer)[]} parts */
  write(...parts) {
    this.#stdin.cork();
    for (const part of parts) this.#stdin.write(part, 'latin1');
    this.#stdin.uncork();
  }

  /**
   * `initialize` and, once it is answered, `notifications/initialized`.
   * @returns {Promise<Reply>}
   */
  async initialize() {
    const reply = await this.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'bench', version: '1.0.0' },
    });
    this.write(INITIALIZED);
    return reply;
  }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<Reply>} rejects on a JSON-RPC error
   */
  async request(method, params) {
    const id = ++this.#lastId;
    const frame = `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    const reply = await this.exchange([frame], replyTo(id));
    if (reply.error !== undefined) throw new Error(`${method}: ${JSON.stringify(reply.error)}`);
    return reply;
  }

  /**
   * Calls a tool.
   * @param {string} name
   * @param {object} args
   * @returns {Promise<string>} the text of its result; rejects when that is an error
   */
  async call(name, args) {
    const { result } = await this.request('tools/call', { name, arguments: args });
    const text = result?.content?.map((part) => part.text ?? '').join('\n') ?? '';
    if (result?.isError === true) throw new Error(`${name}: ${text}`);
    return text;
  }

  /** Calls `echo` and checks what comes back: the contender reaches the upstream, logged in and all. */
  async checkEcho() {
    const text = await this.call('echo', { text: 'hello' });
    if (text !== 'hello') throw new Error(`echo answered ${JSON.stringify(text.slice(0, 200))}`);
  }
}

/**
 * An `echo` call as bytes.
 * @param {number} id
 */
export function echoFrame(id) {
  const text = 'a text of the length that small arguments have, some sixty-odd';
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"text":"${text}"}}}\n`;
}

/**
 * Waits for the reply to one request and parses it; other frames are passed over.
 * @param {number} id
 * @returns {Reader<Reply>}
 */
function replyTo(id) {
  let pending = '';
  return (chunk) => {
    const lines = (pending + chunk.toString('latin1')).split('\n');
    pending = lines.pop() ?? '';
    return lines.map(parsed).find((message) => message?.id === id && !('method' in message));
  };
}

/**
 * @param {string} line
 * @returns {Reply | undefined} undefined: the rest of a frame that an earlier exchange began to read
 */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
