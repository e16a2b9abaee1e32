// Between a session and its token source: numbers credentials, so that the session's state holds no secret, and
// turns the source's promises into events. Not for: when to renew (rotation.ts) or how (auth/).
import type { Credential, LoginRequest, TokenSource } from '../auth/token-source.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, RefusedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Redactor } from '../wire/redact.ts';
import type { Event } from './events.ts';
import { Preparation } from './preparation.ts';
import { NOBODY_YET } from './state.ts';
import type { TokenView } from './state.ts';
import { explained, openStoredLogin, OPENING, within } from './stored-login.ts';
import { TokenNews } from './token-news.ts';

/**
 * An answer under way at the end is waited for this long, in ms: with the 800 ms in which a session finishes what it
 * owes, the whole goodbye stays under 2 s (DESIGN 2.5).
 */
const LAST_ANSWER = 1000;
export interface TokenDeskOptions {
  readonly source: TokenSource;
  readonly redactor: Redactor;
  readonly log: Log;
  readonly clock: Clock;
  readonly dispatch: (event: Event) => void;
}

export class TokenDesk {
  readonly #options: TokenDeskOptions;
  readonly #news: TokenNews;
  readonly #preparation: Preparation;
  readonly #refreshing = new AbortController();
  readonly #credentials = new Map<number, Credential>();
  #lastSerial = 0;
  #login: AbortController | undefined;
  /** The proxy ends: nobody waits for a login any more. */
  readonly #closing = new AbortController();
  #opening: Promise<void> | undefined;
  #loggingIn: Promise<unknown> | undefined;
  #renewing: Promise<void> | undefined;
  #loggingOut: Promise<void> | undefined;

  constructor(options: TokenDeskOptions) {
    this.#options = options;
    const { source, clock } = options;
    this.#preparation = new Preparation(source, options.log);
    this.#news = new TokenNews({ source, clock, take: (stored) => this.#take(stored) });
  }

  /** Begins the session with what is stored; or locked, where that is not opened soon, and tells of it once it is. */
  async open(): Promise<void> {
    const { source, log, clock, dispatch } = this.#options;
    const opening = openStoredLogin(source, log);
    const opened = await within(clock, OPENING, opening);
    if (opened) {
      const token = 'credential' in opened ? this.adopt(opened.credential) : undefined;
      dispatch({ type: 'started', token, lockedBecause: 'reason' in opened ? opened.reason : NOBODY_YET });
      return;
    }
    const lockedBecause = 'The stored login is being opened, which takes longer than usual.';
    dispatch({ type: 'started', token: undefined, lockedBecause, opening: true });
    this.#opening = this.#news.keepDuring(async () => {
      const late = await opening;
      // A login in between has brought a newer one.
      if (this.#lastSerial > 0) return;
      if ('credential' in late) dispatch({ type: 'adopted', token: this.adopt(late.credential) });
      else dispatch({ type: 'not-opened', reason: late.reason });
    });
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
    } else if (!this.#newest?.accessToken.equals(stored.accessToken))
      dispatch({ type: 'adopted', token: this.adopt(stored) });
  }

  /** Numbers a credential; only the newest two are kept, for nothing older can start a generation. */
  adopt(credential: Credential): TokenView {
    this.#conceal(credential);
    this.#preparation.giveBack();
    this.#lastSerial += 1;
    const serial = this.#lastSerial;
    this.#credentials.set(serial, credential);
    this.#credentials.delete(serial - 2);
    return {
      serial,
      login: credential.login,
      issuedAt: credential.issuedAt,
      expiresAt: credential.expiresAt,
      renewable: credential.refreshToken !== undefined,
      rotation: credential.rotation,
      scopes: credential.scopes,
    };
  }

  #conceal({ accessToken, refreshToken }: Credential): void {
    const { redactor } = this.#options;
    redactor.add(accessToken);
    if (refreshToken) redactor.add(refreshToken);
  }

  credential(serial: number): Credential | undefined {
    return this.#credentials.get(serial);
  }

  get #newest(): Credential | undefined {
    return this.#credentials.get(this.#lastSerial);
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
    const outcome = await this.#renewed(stale);
    // A login in between has brought a newer one: how it went with the old one decides nothing any more.
    if (serial !== this.#lastSerial) return;
    // Dispatched outside of any try: what an outcome leads to is no outcome.
    if ('type' in outcome) this.#options.dispatch(outcome);
    else {
      const found = this.#options.source.wasFound(outcome);
      this.#options.dispatch({ type: 'refreshed', token: this.adopt(outcome), found });
    }
  }

  async #renewed(stale: Credential): Promise<Credential | Event> {
    try {
      const fresh = await this.#options.source.refresh(stale, this.#refreshing.signal);
      this.#conceal(fresh);
      return fresh;
    } catch (error) {
      const type = error instanceof RefusedError ? 'refresh-refused' : 'refresh-unreachable';
      return { type, message: explained(error) };
    }
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
    const known = this.#newest;
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
    } catch (error) {
      if (this.#login === flow) log.warn(messageOf(error));
      report({ type: 'login-failed', message: explained(error) });
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
    const unused = inUse ? 0 : this.#lastSerial;
    this.#loggingOut = this.#news.keepDuring(async () => {
      this.#options.dispatch(await this.#loggedOut(unused));
    });
    await this.#loggingOut;
  }

  /** @param unused what has this serial, or an older one, is not in use */
  async #loggedOut(unused: number): Promise<Event> {
    // What comes of these is what is logged out.
    await Promise.all([this.#opening, this.#renewing]);
    const current = this.#lastSerial > unused ? this.#newest : undefined;
    try {
      const { was, unrevoked } = await this.#options.source.logout(current, this.#refreshing.signal);
      const whose = was ?? current;
      return { type: 'logout-done', account: whose && { login: whose.login }, unrevoked };
    } catch (error) {
      return { type: 'logout-failed', message: explained(error) };
    }
  }

  /** Reports where credentials are kept. */
  async describeStore(): Promise<void> {
    const { source, dispatch } = this.#options;
    const store = await source.store().catch((error: unknown) => `unknown (${messageOf(error)})`);
    dispatch({ type: 'store-described', store });
  }

  /** Ends what is under way; what GitHub was asked by now may be answered first, since no other answer will have it. */
  async close(): Promise<void> {
    const reason = new Error('the proxy ends');
    const flow = this.#login;
    this.#login = undefined;
    this.#news.end();
    this.#preparation.giveBack();
    this.#closing.abort(reason);
    const asked = Promise.all([this.#renewing, this.#loggingIn, this.#loggingOut]);
    await within(this.#options.clock, LAST_ANSWER, asked);
    flow?.abort(reason);
    this.#refreshing.abort(reason);
  }
}
