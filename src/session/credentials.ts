// The credentials of a session: numbered, so that its state holds no secret; concealed in all that passes; and handed back
// to their source once nothing runs with them. Not for: when that is (releases.ts), or how they are got (token-desk.ts).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import type { Clock } from '../base/clock.ts';
import type { Redactor } from '../wire/redact.ts';
import type { TokenView } from './state.ts';
import { within } from './stored-login.ts';

export interface CredentialsOptions {
  readonly source: TokenSource;
  readonly redactor: Redactor;
  readonly clock: Clock;
}

export class Credentials {
  readonly #options: CredentialsOptions;
  /** Those that have not been let go of. */
  readonly #open = new Map<number, Credential>();
  #lastSerial = 0;
  /** Known for longer than it is open: a login is told which credential is no answer to it. */
  #newest: Credential | undefined;
  readonly #releasing = new Set<Promise<void>>();
  readonly #end = new AbortController();

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** Numbers a credential, from 1 on. */
  add(credential: Credential): TokenView {
    this.#lastSerial += 1;
    return this.renew(this.#lastSerial, credential);
  }

  /** More is known of the credential `serial`: its token is the same. */
  renew(serial: number, credential: Credential): TokenView {
    this.conceal(credential);
    this.#open.set(serial, credential);
    if (serial === this.#lastSerial) this.#newest = credential;
    return {
      serial,
      login: credential.login,
      issuedAt: credential.issuedAt,
      expiresAt: credential.expiresAt,
      renewable: this.#options.source.isRenewable(credential),
      rotation: credential.rotation,
      scopes: credential.scopes,
    };
  }

  /** Whatever becomes of it: its secrets are cut out of what passes from here on. */
  conceal({ accessToken, refreshToken }: Credential): void {
    const { redactor } = this.#options;
    redactor.add(accessToken);
    if (refreshToken) redactor.add(refreshToken);
  }

  get(serial: number): Credential | undefined {
    return this.#open.get(serial);
  }

  /** The serial of the newest one; 0 where there has been none. */
  get lastSerial(): number {
    return this.#lastSerial;
  }

  get newest(): Credential | undefined {
    return this.#newest;
  }

  /** Nothing runs with it any more. */
  release(serial: number): void {
    const credential = this.#open.get(serial);
    this.#open.delete(serial);
    if (credential) this.discard(credential);
  }

  /** Hands back one that is not numbered, or not any more; not one whose token is in use under another number. */
  discard(credential: Credential): void {
    const { accessToken } = credential;
    if ([...this.#open.values()].some((other) => other.accessToken.equals(accessToken))) return;
    const released = this.#options.source.release(credential, this.#end.signal).catch(() => {});
    this.#releasing.add(released);
    void released.then(() => this.#releasing.delete(released));
  }

  /** Hands back all that are left, and waits so long in ms for these and for those that are on their way. */
  async releaseAll(ms: number): Promise<void> {
    for (const serial of this.#open.keys()) this.release(serial);
    if (this.#releasing.size > 0) await within(this.#options.clock, ms, Promise.all(this.#releasing));
    this.#end.abort(new Error('the proxy ends'));
  }
}
