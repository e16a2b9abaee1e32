// Several callers at once over one session: each makes its next call a moment after its last one was answered.
// Not for: what their times mean (pauses.mjs), or one caller alone (client.mjs).
import { Ledger, now } from './ledger.mjs';

/**
 * @typedef {object} Server One process that answered.
 * @property {number} firstAt when its first answer came
 * @property {number | undefined} everyoneAt when every caller had had an answer by it, or by a later one
 */

/** @typedef {{ caller: number, sent: number }} Call */
/** @typedef {{ count: number, resolve: () => void, reject: (why: Error) => void }} Waiter */
/** @typedef {import('./client.mjs').Reply & { method?: string }} Message */

/** A call without an answer is lost after this long; no tool here takes a hundredth of it. */
const LOST_MS = 10_000;
/** Where rotations come every second, none will come any more after this long. */
const STALL_MS = 30_000;
const SWEEP_MS = 500;
/** Above the ids that the client has used for itself. */
const FIRST_ID = 1000;
const REASONS_KEPT = 5;

export class Callers {
  /** Answered calls, failed ones included. */
  ledger = new Ledger();
  /** In the order of their first answers. @type {Server[]} */
  servers = [];
  /** `lost`: no answer; `failed`: an error, or a result that is none; `twice`: answers that nobody waited for. */
  counts = { made: 0, lost: 0, failed: 0, twice: 0 };
  /** Why calls failed, the first few. @type {string[]} */
  reasons = [];
  #client;
  #options;
  /** @type {Map<number, Call>} by id */
  #underWay = new Map();
  /** @type {Map<string, number>} from process id to index in `servers` */
  #known = new Map();
  /** For each caller the index of the newest server that has answered it. @type {number[]} */
  #reached;
  /** @type {Set<Waiter>} */
  #waiters = new Set();
  #rest = '';
  #stopped = false;
  #whenIdle = () => {};
  #lastEvent = now();
  /** @type {NodeJS.Timeout | undefined} */
  #sweep;

  /**
   * @param {import('./client.mjs').Client} client an initialized session that is used by nobody else from here on
   * @param {{ callers: number, tool: 'who' | 'ask', thinkMs: number }} options `thinkMs`: the longest time between an
   *   answer and the same caller's next call; each is drawn anew, so that the callers do not march in step
   */
  constructor(client, options) {
    this.#client = client;
    this.#options = options;
    this.#reached = Array.from({ length: options.callers }, () => -1);
  }

  begin() {
    this.#sweep = setInterval(() => this.#lookAround(), SWEEP_MS);
    void this.#client.listen((chunk) => this.#read(chunk)).then((how) => this.#ended(how));
    for (let caller = 0; caller < this.#options.callers; caller++) this.#call(caller);
  }

  /**
   * Resolves once every caller was answered by the server number `count`, from 1, or by a later one. Rejects when the
   * session has ended, or no new server has come for {@link STALL_MS}.
   * @param {number} count
   * @returns {Promise<void>}
   */
  reach(count) {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ count, resolve, reject });
      this.#tell();
    });
  }

  /** Nobody calls again from here on. Resolves once every call was answered or is lost. @returns {Promise<void>} */
  end() {
    this.#stopped = true;
    return new Promise((resolve) => {
      this.#whenIdle = () => {
        clearInterval(this.#sweep);
        resolve();
      };
      if (this.#underWay.size === 0) this.#whenIdle();
    });
  }

  /** @param {number} caller */
  #call(caller) {
    if (this.#stopped) return;
    const id = FIRST_ID + this.counts.made;
    this.counts.made += 1;
    const { tool } = this.#options;
    const frame = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":{}}}\n`;
    this.#underWay.set(id, { caller, sent: now() });
    this.#client.write(frame);
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    const at = now();
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      /** @type {Message} */
      const message = JSON.parse(line);
      if (message.method === undefined) this.#answered(message, at);
    }
  }

  /**
   * @param {Message} message
   * @param {number} at
   */
  #answered({ id = NaN, result, error }, at) {
    const call = this.#underWay.get(id);
    if (call === undefined) {
      this.counts.twice += 1;
      this.#note(`an answer with id ${id}, which nobody waits for`);
      return;
    }
    this.#underWay.delete(id);
    this.ledger.add(call.sent, at);
    const text = result?.content?.[0]?.text ?? '';
    if (error !== undefined) this.#failed(JSON.stringify(error));
    else if (result?.isError === true || !/^\d+$/.test(text)) this.#failed(text);
    else this.#served(call.caller, text, at);
    setTimeout(() => this.#call(call.caller), 1 + Math.random() * this.#options.thinkMs);
    if (this.#stopped && this.#underWay.size === 0) this.#whenIdle();
  }

  /**
   * @param {number} caller
   * @param {string} pid of the server that answered
   * @param {number} at
   */
  #served(caller, pid, at) {
    let index = this.#known.get(pid);
    if (index === undefined) {
      index = this.servers.push({ firstAt: at, everyoneAt: undefined }) - 1;
      this.#known.set(pid, index);
      this.#lastEvent = at;
    }
    const reached = this.#reached[caller] ?? -1;
    if (index < reached)
      this.#failed(`answered by server ${index + 1}, after server ${reached + 1} had answered`);
    if (index <= reached) return;
    this.#reached[caller] = index;
    const everyone = Math.min(...this.#reached);
    for (let one = everyone; one >= 0; one--) {
      const server = this.servers[one];
      if (server === undefined || server.everyoneAt !== undefined) break;
      server.everyoneAt = at;
    }
    this.#tell();
  }

  #tell() {
    const everyone = Math.min(...this.#reached) + 1;
    for (const waiter of this.#waiters) {
      if (waiter.count > everyone) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** @param {string} why */
  #failed(why) {
    this.counts.failed += 1;
    this.#note(why);
  }

  /** @param {string} reason of any number of lines */
  #note(reason) {
    if (this.reasons.length < REASONS_KEPT) this.reasons.push(reason.replaceAll(/\s+/g, ' '));
  }

  /** Gives up what has waited too long. */
  #lookAround() {
    const at = now();
    for (const [id, { caller, sent }] of this.#underWay) {
      if (at - sent < LOST_MS) continue;
      this.#lose(id, `no answer within ${LOST_MS / 1000} s`);
      this.#call(caller);
    }
    if (this.#stopped && this.#underWay.size === 0) this.#whenIdle();
    if (at - this.#lastEvent > STALL_MS) this.#reject(`no rotation within ${STALL_MS / 1000} s`);
  }

  /** @param {string} how */
  #ended(how) {
    this.#stopped = true;
    clearInterval(this.#sweep);
    for (const id of this.#underWay.keys()) this.#lose(id, `the session ${how}`);
    this.#whenIdle();
    this.#reject(`the session ${how}`);
  }

  /**
   * @param {number} id
   * @param {string} why
   */
  #lose(id, why) {
    this.#underWay.delete(id);
    this.counts.lost += 1;
    this.#note(why);
  }

  /** @param {string} why */
  #reject(why) {
    const { made, lost, failed, twice } = this.counts;
    const account = `${this.servers.length} servers, ${made} calls, ${lost} lost, ${failed} failed, ${twice} twice`;
    const error = new Error([`${why} (${account})`, ...this.reasons].join('; '));
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
