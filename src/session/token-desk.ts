// Between a session and its token source: numbers credentials, so that the session's state holds no secret, and
// turns the source's promises into events. Not for: when to renew (rotation.ts) or how (auth/).
import type { Credential, LoginRequest, TokenSource } from '../auth/token-source.ts';
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { explanationOf, messageOf, RefusedError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Redactor } from '../wire/redact.ts';
import type { Event } from './events.ts';
import type { TokenView } from './state.ts';

/**
 * An answer under way at the end is waited for this long, in ms: with the 800 ms in which a session finishes what it
 * owes, the whole goodbye stays under 2 s (DESIGN 2.5).
 */
const LAST_ANSWER = 1000;

export class TokenDesk {
  readonly #source: TokenSource;
  readonly #redactor: Redactor;
  readonly #log: Log;
  readonly #dispatch: (event: Event) => void;
  readonly #refreshing = new AbortController();
  readonly #credentials = new Map<number, Credential>();
  #lastSerial = 0;
  #login: AbortController | undefined;
  /** The proxy ends: nobody waits for a login any more. */
  readonly #closing = new AbortController();
  #loggingIn: Promise<unknown> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(source: TokenSource, redactor: Redactor, log: Log, dispatch: (event: Event) => void) {
    this.#source = source;
    this.#redactor = redactor;
    this.#log = log;
    this.#dispatch = dispatch;
  }

  /** Numbers a credential; only the newest two are kept, for nothing older can start a generation. */
  adopt(credential: Credential): TokenView {
    this.#conceal(credential);
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
    this.#redactor.add(accessToken);
    if (refreshToken) this.#redactor.add(refreshToken);
  }

  credential(serial: number): Credential | undefined {
    return this.#credentials.get(serial);
  }

  /** Renews the credential `serial` and reports how it went. */
  refresh(serial: number): Promise<void> {
    this.#renewing = this.#refresh(serial);
    return this.#renewing;
  }

  async #refresh(serial: number): Promise<void> {
    const stale = this.#credentials.get(serial);
    if (!stale) return;
    const outcome = await this.#renewed(stale);
    // A login in between has brought a newer one: how it went with the old one decides nothing any more.
    if (serial !== this.#lastSerial) return;
    // Dispatched outside of any try: what an outcome leads to is no outcome.
    this.#dispatch('type' in outcome ? outcome : { type: 'refreshed', token: this.adopt(outcome) });
  }

  async #renewed(stale: Credential): Promise<Credential | Event> {
    try {
      const fresh = await this.#source.refresh(stale, this.#refreshing.signal);
      this.#conceal(fresh);
      return fresh;
    } catch (error) {
      const type = error instanceof RefusedError ? 'refresh-refused' : 'refresh-unreachable';
      return { type, message: explained(error) };
    }
  }

  /** Begins a login and reports its code and its outcome; what an aborted one still says is not heard. */
  async login(scopes: readonly string[]): Promise<void> {
    this.abortLogin();
    if (this.#source.loginObstacle !== undefined) {
      this.#dispatch({ type: 'login-failed', message: this.#source.loginObstacle });
      return;
    }
    const flow = new AbortController();
    this.#login = flow;
    const report = (event: Event): void => {
      if (this.#login === flow) this.#dispatch(event);
    };
    const request: LoginRequest = {
      scopes,
      onPrompt: (prompt) => report({ type: 'login-prompt', prompt }),
      closing: this.#closing.signal,
    };
    const outcome = this.#source.login(request, flow.signal);
    this.#loggingIn = outcome.catch(() => {});
    try {
      const credential = await outcome;
      if (this.#login === flow) report({ type: 'login-done', token: this.adopt(credential) });
    } catch (error) {
      if (this.#login === flow) this.#log.warn(messageOf(error));
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

  /** Ends what is under way; what GitHub was asked by now may be answered first, since no other answer will have it. */
  async close(clock: Clock): Promise<void> {
    const reason = new Error('the proxy ends');
    const flow = this.#login;
    this.#login = undefined;
    this.#closing.abort(reason);
    const answered = new AbortController();
    const limit = delay(clock, LAST_ANSWER, answered.signal).catch(() => {});
    await Promise.race([Promise.all([this.#renewing, this.#loggingIn]), limit]);
    answered.abort(reason);
    flow?.abort(reason);
    this.#refreshing.abort(reason);
  }
}

/** An error's message is written to follow a `gh-mcp-proxy: ` on stderr; here it stands by itself. */
function explained(error: unknown): string {
  // A first word that is a host's name stays as it is.
  return explanationOf(error).replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
}
