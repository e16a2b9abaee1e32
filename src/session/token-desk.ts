// Between a session and its token source: turns the source's promises into events, and credentials into their serials.
// Not for: keeping those (credentials.ts), when to renew (rotation.ts) or how (auth/).
import type { Credential, LoginRequest } from '../auth/token-source.ts';
import { messageOf, RefusedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Credentials } from './credentials.ts';
import type { CredentialsOptions } from './credentials.ts';
import type { Event } from './events.ts';
import { Preparation } from './preparation.ts';
import { NOBODY_YET } from './state.ts';
import type { TokenView } from './state.ts';
import { isUnreachable, openStoredLogin, OPENING, reasonOf, within } from './stored-login.ts';
import type { StoredLogin } from './stored-login.ts';
import { TokenNews } from './token-news.ts';

/**
 * An answer under way at the end is waited for this long, in ms: with the 800 ms in which a session finishes what it
 * owes, the whole goodbye stays under 2 s (DESIGN 2.5).
 */
const LAST_ANSWER = 1000;

export interface TokenDeskOptions extends CredentialsOptions {
  readonly log: Log;
  readonly dispatch: (event: Event) => void;
}

export class TokenDesk {
  readonly #options: TokenDeskOptions;
  readonly #news: TokenNews;
  readonly #preparation: Preparation;
  readonly #refreshing = new AbortController();
  readonly #credentials: Credentials;
  #login: AbortController | undefined;
  /** The proxy ends: nobody waits for a login any more. */
  readonly #closing = new AbortController();
  #opening: Promise<void> | undefined;
  #loggingIn: Promise<unknown> | undefined;
  #renewing: Promise<void> | undefined;
  #looking: Promise<Credential | undefined> | undefined;
  #loggingOut: Promise<void> | undefined;

  constructor(options: TokenDeskOptions) {
    this.#options = options;
    const { source, clock } = options;
    this.#credentials = new Credentials(options);
    this.#preparation = new Preparation(source, options.log);
    this.#news = new TokenNews({ source, clock, take: (stored) => this.#take(stored) });
  }

  /**
   * Begins the session with what is stored, or what its source gets without a person; or locked, where that takes its
   * time, and tells of it once it is there.
   */
  async open(): Promise<void> {
    const { source, log, clock, dispatch } = this.#options;
    const opening = openStoredLogin(source, log);
    const opened = await within(clock, OPENING, opening);
    if (opened && 'credential' in opened) {
      dispatch({ type: 'started', token: this.adopt(opened.credential), lockedBecause: NOBODY_YET });
      return;
    }
    if (opened) {
      const { reason: lockedBecause, unreachable } = opened;
      dispatch({ type: 'started', token: undefined, lockedBecause, unreachable });
      return;
    }
    const lockedBecause = source.isUnattended
      ? 'the first one takes longer than usual.'
      : 'The stored login is being opened, which takes longer than usual.';
    dispatch({ type: 'started', token: undefined, lockedBecause, opening: true });
    this.#opening = this.#news.keepDuring(async () => this.#openLate(await opening));
  }

  #openLate(late: StoredLogin): void {
    const { dispatch } = this.#options;
    const isOutdated = this.#credentials.lastSerial > 0;
    if (!('credential' in late)) {
      if (!isOutdated) dispatch({ type: 'not-opened', ...late });
      // A login in between has brought a newer one.
    } else if (isOutdated) this.#discard(late.credential);
    else dispatch({ type: 'adopted', token: this.adopt(late.credential) });
  }

  /** Begins to hear what other processes store. */
  watch(): void {
    this.#news.start();
  }

  #take(stored: Credential | undefined): void {
    const { source, dispatch } = this.#options;
    if (!stored) {
      this.#preparation.giveBack();
      const message = `A person has logged out of ${source.hostLabel} in another window.`;
      dispatch({ type: 'logged-out', message });
    } else if (!this.#credentials.newest?.accessToken.equals(stored.accessToken))
      dispatch({ type: 'adopted', token: this.adopt(stored) });
  }

  /** Numbers a credential, which is the session's own from here on. */
  adopt(credential: Credential): TokenView {
    this.#preparation.giveBack();
    return this.#credentials.add(credential);
  }

  credential(serial: number): Credential | undefined {
    return this.#credentials.get(serial);
  }

  /** Nothing runs with the credential `serial` any more, and nothing will. */
  release(serial: number): void {
    this.#credentials.release(serial);
  }

  /** Nothing runs any more at all: hands back what is left, within so many ms. */
  releaseAll(ms: number): Promise<void> {
    return this.#credentials.releaseAll(ms);
  }

  /** It came when nobody wanted it any more. */
  #discard(credential: Credential): void {
    this.#credentials.conceal(credential);
    this.#credentials.discard(credential);
  }

  /** Has everything made ready for the renewal of the credential `serial`, and reports that; or a newer one. */
  async prepare(serial: number): Promise<void> {
    const { dispatch } = this.#options;
    const stale = this.#credentials.get(serial);
    if (!stale) return;
    const made = await this.#preparation.make(stale);
    if (made === 'ready') dispatch({ type: 'refresh-prepared', serial });
    else if (made !== 'given back') dispatch({ type: 'adopted', token: this.adopt(made) });
  }

  /** Renews the credential `serial` and reports how it went. */
  refresh(serial: number): Promise<void> {
    this.#preparation.handOver();
    this.#renewing = this.#news.keepDuring(() => this.#refresh(serial));
    return this.#renewing;
  }

  async #refresh(serial: number): Promise<void> {
    const stale = this.#credentials.get(serial);
    if (!stale) return;
    const { dispatch, source } = this.#options;
    const outcome = await this.#renewed(stale);
    // A login in between has brought a newer one: how it went with the old one decides nothing any more.
    const isOutdated = serial !== this.#credentials.lastSerial;
    // Dispatched outside of any try: what an outcome leads to is no outcome.
    if ('type' in outcome) {
      if (!isOutdated) dispatch(outcome);
    } else if (isOutdated) this.#discard(outcome);
    else if (outcome.accessToken.equals(stale.accessToken))
      dispatch({ type: 'same-token', token: this.#credentials.renew(serial, outcome) });
    else dispatch({ type: 'refreshed', token: this.adopt(outcome), found: source.wasFound(outcome) });
  }

  async #renewed(stale: Credential): Promise<Credential | Event> {
    const { source } = this.#options;
    try {
      return await source.refresh(stale, this.#refreshing.signal);
    } catch (error) {
      const type = error instanceof RefusedError ? 'refresh-refused' : 'refresh-unreachable';
      return { type, message: reasonOf(error, source) };
    }
  }

  /** Looks for what another process has stored instead of the credential `serial`, and reports it, or that there is none. */
  async look(serial: number): Promise<void> {
    const { source, log, dispatch } = this.#options;
    const refused = this.#credentials.get(serial);
    if (!refused) return;
    // It may have the very lock that is waited for.
    this.#preparation.giveBack();
    const looking = source.newer(refused, this.#closing.signal).catch((error: unknown) => {
      log.debug(`a newer login could not be looked for: ${messageOf(error)}`);
      return undefined;
    });
    this.#looking = looking;
    const newer = await looking;
    // Another look was asked for since, which is the one that counts.
    if (this.#looking !== looking) return;
    if (newer) this.#take(newer);
    else dispatch({ type: 'nothing-newer', serial });
  }

  /** Begins a login and reports its code and its outcome; what an aborted one still says is not heard. */
  async login(scopes: readonly string[]): Promise<void> {
    const { source, dispatch } = this.#options;
    this.abortLogin();
    if (source.loginObstacle !== undefined) {
      dispatch({ type: 'login-failed', message: source.loginObstacle });
      return;
    }
    await this.#news.keepDuring(() => this.#logIn(scopes));
  }

  async #logIn(scopes: readonly string[]): Promise<void> {
    const { source, dispatch, log } = this.#options;
    const flow = new AbortController();
    this.#login = flow;
    const report = (event: Event): void => {
      if (this.#login === flow) dispatch(event);
    };
    const known = this.#credentials.newest;
    const request: LoginRequest = {
      ...(known && { known }),
      scopes,
      onPrompt: (prompt) => report({ type: 'login-prompt', prompt }),
      closing: this.#closing.signal,
    };
    const outcome = source.login(request, flow.signal);
    this.#loggingIn = outcome.catch(() => {});
    try {
      const credential = await outcome;
      if (this.#login === flow) report({ type: 'login-done', token: this.adopt(credential) });
      else this.#discard(credential);
    } catch (error) {
      if (this.#login === flow) log.warn(messageOf(error));
      report({
        type: 'login-failed',
        message: reasonOf(error, source),
        unreachable: isUnreachable(error),
      });
    } finally {
      if (this.#login === flow) this.#login = undefined;
    }
  }

  abortLogin(): void {
    const flow = this.#login;
    this.#login = undefined;
    flow?.abort(new Error('the login was given up'));
  }

  /** Logs out and reports how that went. @param inUse the session has a credential, which is the newest one here */
  async logout(inUse: boolean): Promise<void> {
    this.abortLogin();
    this.#preparation.giveBack();
    const unused = inUse ? 0 : this.#credentials.lastSerial;
    this.#loggingOut = this.#news.keepDuring(async () => {
      this.#options.dispatch(await this.#loggedOut(unused));
    });
    await this.#loggingOut;
  }

  /** @param unused what has this serial, or an older one, is not in use */
  async #loggedOut(unused: number): Promise<Event> {
    // What comes of these is what is logged out.
    await Promise.all([this.#opening, this.#renewing]);
    const { source } = this.#options;
    const { lastSerial, newest } = this.#credentials;
    const current = lastSerial > unused ? newest : undefined;
    try {
      const { was, unrevoked } = await source.logout(current, this.#refreshing.signal);
      const whose = was ?? current;
      return { type: 'logout-done', account: whose && { login: whose.login }, unrevoked };
    } catch (error) {
      return { type: 'logout-failed', message: reasonOf(error, source) };
    }
  }

  /** Reports where credentials are kept. */
  async describeStore(): Promise<void> {
    const { source, dispatch } = this.#options;
    const store = await source.store().catch((error: unknown) => `unknown (${messageOf(error)})`);
    dispatch({ type: 'store-described', store });
  }

  /**
   * Ends what is under way; what a server was asked by now may be answered first, since no other answer will have it: a
   * token that was issued for this session alone, too, is to be handed back.
   */
  async close(): Promise<void> {
    const reason = new Error('the proxy ends');
    const flow = this.#login;
    this.#login = undefined;
    this.#news.end();
    this.#preparation.giveBack();
    this.#closing.abort(reason);
    const { source, clock } = this.#options;
    const first = source.isUnattended ? this.#opening : undefined;
    const asked = Promise.all([first, this.#renewing, this.#looking, this.#loggingIn, this.#loggingOut]);
    await within(clock, LAST_ANSWER, asked);
    flow?.abort(reason);
    this.#refreshing.abort(reason);
  }
}
