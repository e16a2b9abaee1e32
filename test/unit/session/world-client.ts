// The client of a world (world.ts): what it asked, what it was told, and the rules that a proxy must keep towards it.
// Not for: choosing what it does next (model-client.ts).
import { PARSE_ERROR, readFrame } from '../../../src/wire/message.ts';
import type { Frame, Malformed } from '../../../src/wire/message.ts';
import { locate } from '../../../src/wire/splice.ts';
import type { Json, Message } from '../../support/messages.ts';
import { keyOf, newRequest } from './world-requests.ts';
import type { Request } from './world-requests.ts';

/** Frames above this are looked at by their heads only, in bytes: there may be hundreds of them. */
export const LARGE = 4096;

/** What the client was asked and has not answered: by a server, or by the proxy where `generation` is undefined. */
export interface Question {
  readonly id: string;
  readonly generation: number | undefined;
  readonly token: string | undefined;
}

const MAPPED = /^"g(\d+):/;
export class Client {
  readonly requests: Request[] = [];
  readonly questions = new Map<string, Question>();
  /** Answered or withdrawn; what is said to these belongs nowhere. */
  readonly closedQuestions: Question[] = [];
  readonly #byId = new Map<string, Request>();
  readonly #byToken = new Map<string, Request>();
  /** Ids that were used twice and have not been complained of. */
  readonly #duplicates = new Map<string, number>();
  readonly #open = new Set<Request>();
  /** Given up in this very step. */
  cancelling: Request | undefined;
  /** Lines that are no message and have not been complained of. */
  garbled = 0;
  /** How many were refused because too many wait. */
  turnedAway = 0;
  greeted = false;
  initialized = false;

  /** The requests that wait for an answer, in order. */
  get open(): readonly Request[] {
    return [...this.#open];
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Whether a request of this method is open. */
  waitsFor(method: string): boolean {
    for (const request of this.#open) if (request.method === method) return true;
    return false;
  }

  find(id: string): Request | undefined {
    return this.#byId.get(id);
  }

  /** A new request. @param spelling which kind of id, @param asking which kind of progress token, 0 for none */
  request(method: string, params: Json, spelling = 0, asking = 0, streamed = false): Request {
    const request = newRequest(this.requests.length, { method, params, spelling, asking, streamed });
    request.late = this.initialized;
    this.requests.push(request);
    this.#open.add(request);
    this.#byId.set(request.id, request);
    if (request.token !== undefined) this.#byToken.set(keyOf(request.token), request);
    return request;
  }

  /** The id of an open request is used once more, which is to be refused. */
  duplicate({ id }: Request): void {
    this.#duplicates.set(id, (this.#duplicates.get(id) ?? 0) + 1);
  }

  cancel(request: Request): void {
    request.state = 'cancelled';
    this.#open.delete(request);
  }

  /** The client closes a question. */
  closeQuestion(question: Question): void {
    this.questions.delete(question.id);
    this.closedQuestions.push(question);
  }

  /**
   * A frame reaches the client.
   * @param speaker the generation whose frame led to it, with its standing before that, where one did
   * @throws {Error} what it says should not have been said, or not then
   */
  hear(bytes: Buffer, speaker: Speaker | undefined): void {
    const frame = readFrame(bytes);
    const message = bytes.length > LARGE ? {} : (JSON.parse(bytes.toString()) as Message);
    if (frame.kind === 'request') this.#hearRequest(frame, message);
    else if (frame.kind === 'notification') this.#hearNotification(frame, message, speaker);
    else this.#hearAnswer(frame, message, speaker);
  }

  /** The whole of an answer that streamed is there. Of one whose id came last the proxy could not know whose it is. */
  hearStreamed(request: Request): void {
    if (request.state === 'cancelled') return;
    this.#settle(request);
  }

  get unrefused(): string[] {
    return [...this.#duplicates.keys()];
  }

  #hearRequest(frame: Extract<Frame, { kind: 'request' }>, { params }: Message): void {
    const { id, bytes } = frame;
    if (this.questions.has(id)) throw new Error(`the client was asked ${id} twice`);
    const from = MAPPED.exec(id)?.[1];
    if (from === undefined && !id.startsWith('"gh-mcp-proxy:login:'))
      throw new Error(`the client was asked ${id}, an id that names no generation`);
    const range = params?.['_meta'] === undefined ? undefined : locate(bytes, TOKEN_OF_REQUEST);
    const token = range && bytes.toString('utf8', range.start, range.end);
    this.questions.set(id, { id, generation: from === undefined ? undefined : Number(from), token });
  }

  #hearNotification(
    { method, bytes }: Extract<Frame, { kind: 'notification' }>,
    { params = {} }: Message,
    speaker: Speaker | undefined,
  ): void {
    const own = params['generation'] === undefined;
    if (!own && params['generation'] !== speaker?.generation)
      throw new Error(`${method} of generation ${String(params['generation'])} came out of nowhere`);
    if (!own && speaker?.place === 'gone') throw new Error(`${method} of a generation that is gone`);
    if (method === 'notifications/cancelled') {
      const range = locate(bytes, ['params', 'requestId']);
      const question = this.questions.get(range ? bytes.toString('utf8', range.start, range.end) : '');
      if (!question) throw new Error(`what was cancelled is no open question: ${bytes.toString()}`);
      this.closeQuestion(question);
    } else if (method === 'notifications/progress') this.#hearProgress(bytes, own, speaker);
    else if (!own && speaker?.place === 'retired' && method !== 'notifications/elicitation/complete')
      throw new Error(`${method} of a retired generation`);
  }

  #hearProgress(bytes: Buffer, own: boolean, speaker: Speaker | undefined): void {
    const range = locate(bytes, ['params', 'progressToken']);
    const raw = range ? bytes.toString('utf8', range.start, range.end) : '';
    const request = this.#byToken.get(keyOf(raw));
    // Of a request that streams nobody knows the token: it may be that one's.
    const streamed = this.open.some((one) => one.streamed && one.sentTo.at(-1) === speaker?.generation);
    if (!own && streamed) return;
    if (request?.state !== 'open') throw new Error(`progress for ${raw}, which nobody waits for`);
    if (!own && request.sentTo.at(-1) !== speaker?.generation)
      throw new Error(`progress for ${raw} of a generation that does not have it`);
  }

  #hearAnswer(frame: Frame | Malformed, message: Message, speaker: Speaker | undefined): void {
    const { result, error } = message;
    const id = 'id' in frame ? (frame.id ?? '') : '';
    if (error?.message.includes('in use already')) {
      const left = (this.#duplicates.get(id) ?? 0) - 1;
      if (left < 0) throw new Error(`${id} is said to be in use already`);
      if (left === 0) this.#duplicates.delete(id);
      else this.#duplicates.set(id, left);
      return;
    }
    if (error?.code === PARSE_ERROR && this.garbled > 0) {
      this.garbled -= 1;
      return;
    }
    const request = this.#byId.get(id);
    if (!request) throw new Error(`${id} was answered and never asked`);
    const text = error?.message ?? JSON.stringify(result ?? {});
    const failed = error !== undefined || result?.['isError'] === true;
    if (failed && text.includes('401') && !text.includes('gh-mcp-proxy'))
      throw new Error(`${id} got a failure without a word about it`);
    if (/may or may not have run|5031/.test(text) && request.sentTo.length === 0 && !request.streamed)
      throw new Error(`${id} went nowhere, but is said to have perhaps run`);
    const from = /done (\d+) by (\d+)/.exec(text);
    if (from && Number(from[1]) !== request.seq) throw new Error(`${id} got the answer to another request`);
    if (from && (Number(from[2]) !== speaker?.generation || speaker.place === 'gone'))
      throw new Error(`${id} got the answer of generation ${from[2]} when that could not give it`);
    if (from && request.sentTo.at(-1) !== Number(from[2]))
      throw new Error(`${id} was sent elsewhere since, but generation ${from[2]} has answered it`);
    if (/has not run/.test(text)) request.notRun = true;
    if (request.notRun && request.ran > 0) throw new Error(`${id} is said not to have run, but it has`);
    if (text.includes('Too many')) this.#turnAway(request, failed, error?.code);
    request.failed = failed;
    this.#settle(request);
  }

  /** It is told so as every other refusal is. */
  #turnAway({ id, method }: Request, failed: boolean, code: number | undefined): void {
    this.turnedAway += 1;
    if (!failed || (method !== 'tools/call' && code !== 5032))
      throw new Error(`${id} is not told properly that too much waits`);
  }

  #settle(request: Request): void {
    // It crosses with that: the time of its token was up before.
    if (request === this.cancelling) return;
    if (request.state !== 'open')
      throw new Error(`${request.id} was answered, though it was ${request.state} before`);
    request.state = 'answered';
    this.#open.delete(request);
  }
}

/** A generation whose frame is being passed on. */
export interface Speaker {
  readonly generation: number;
  readonly place: 'current' | 'successor' | 'retired' | 'gone';
}

const TOKEN_OF_REQUEST = ['params', '_meta', 'progressToken'];
