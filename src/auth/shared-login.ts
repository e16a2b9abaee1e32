// The part of one call in a login that all processes share. Whoever holds the lock asks for the code and polls with it;
// the others show the same code, wait for the credential, and go on with the code when the holder is gone.
// Not for: a login that nobody shares (login-flow.ts).
import { delay } from '../base/clock.ts';
import { explanationOf, RefusedError, StorageError, UnreachableError } from '../base/errors.ts';
import type { DeviceCode } from '../github/device-code.ts';
import { refusal } from '../github/oauth-refusal.ts';
import { covers } from '../github/scopes.ts';
import type { TokenGrant } from '../github/token-grant.ts';
import type { HeldLock, Lock, LoginFlow, RecordIdentity, Sharing } from '../vault/vault.ts';
import type { AcceptParts } from './accept.ts';
import { accept } from './accept.ts';
import { endedElsewhere } from './refusals.ts';
import { isGithubAppToken } from './replaced.ts';
import type { Credential, LoginRequest } from './token-source.ts';
import { hasExpired } from './token-source.ts';
import { keptAlive, NO_LOCK } from './turn.ts';
import type { Version } from './version.ts';
import { sameVersion, versionOf } from './version.ts';

export interface SharedLoginParts extends AcceptParts {
  readonly identity: RecordIdentity;
  readonly sharing: Sharing;
  readonly request: LoginRequest;
  /** The configured scopes and those of the request. */
  readonly wanted: readonly string[];
  readonly signal: AbortSignal;
}

/** How often one who does not hold the lock looks, in ms: before there is a code to show, and after. */
const LOOK_FOR_CODE = 200;
const LOOK_FOR_END = 1000;
/** A code that ends sooner is not shown to anybody any more, in ms. */
const LEAST_LEFT = 30_000;

/** Ends a wait for the token because the credential is there. */
const ARRIVED = new Error('the credential is there');

/**
 * Rejects with the reason of whichever signal aborts. The code then stays for whoever asks next: a new one only when
 * the old one is expired or refused (DESIGN 2.3).
 */
export async function shareLogin(parts: SharedLoginParts): Promise<Credential> {
  const begun = versionOf(await parts.stored.peek());
  return new SharedLogin(parts, begun).run();
}

class SharedLogin {
  readonly #parts: SharedLoginParts;
  /** What lay in the vault when this call came: whatever takes its place is what a person did meanwhile. */
  readonly #begun: Version;
  /** The caller has left, by the one way or the other. */
  readonly #gone: AbortSignal;
  #shown: DeviceCode | undefined;

  constructor(parts: SharedLoginParts, begun: Version) {
    this.#parts = parts;
    this.#begun = begun;
    const { signal, request } = parts;
    this.#gone = request.closing ? AbortSignal.any([signal, request.closing]) : signal;
  }

  async run(): Promise<Credential> {
    const { sharing, identity, stored, http } = this.#parts;
    const lock = sharing.lock(identity, 'login');
    let wake = new AbortController();
    const stop = sharing.watch(identity, () => wake.abort());
    try {
      for (;;) {
        this.#gone.throwIfAborted();
        const answer = await this.#answer();
        if (answer) return stored.adopt(answer);
        const held = await this.#tryTake(lock);
        if (held) return await this.#lead(held);
        await this.#follow();
        const pauseMs = this.#shown ? LOOK_FOR_END : LOOK_FOR_CODE;
        await delay(http.clock, pauseMs, AbortSignal.any([this.#gone, wake.signal])).catch(() => {});
        if (wake.signal.aborted) wake = new AbortController();
      }
    } finally {
      stop();
    }
  }

  /** A stored credential that makes this login needless. */
  async #answer(): Promise<Credential | undefined> {
    const { stored, request, http, wanted } = this.#parts;
    const kept = await stored.peek();
    if (kept?.kind !== 'record') return undefined;
    const { record } = kept;
    const { accessToken, scopes } = record;
    if (stored.isOld(accessToken) || request.known?.accessToken.equals(accessToken)) return undefined;
    if (hasExpired(record, http.clock.now())) return undefined;
    // What came of the code that was shown here is the outcome of this login, whatever was granted.
    const isOutcome = this.#shown !== undefined && !sameVersion(versionOf(kept), this.#begun);
    return isOutcome || isGithubAppToken(record) || covers(scopes, wanted) ? record : undefined;
  }

  async #tryTake(lock: Lock): Promise<HeldLock | undefined> {
    try {
      return await lock.tryTake();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#parts.log.error(`this login cannot be shared with other windows: ${explanationOf(error)}`);
      return NO_LOCK;
    }
  }

  /** Shows the code that the holder of the lock waits with, as soon as it is there, and for as long as it lasts. */
  async #follow(): Promise<void> {
    const { host, clientId, http } = this.#parts;
    if (!this.#shown) {
      const flow = await this.#waitingFlow();
      if (flow) this.#show(flow);
    } else if (this.#shown.expiresAt <= http.clock.now()) {
      throw refusal({ host, clientId }, 'expired_token');
    }
  }

  async #waitingFlow(): Promise<LoginFlow | undefined> {
    const { sharing, identity, http, log } = this.#parts;
    try {
      const flow = await sharing.readFlow(identity);
      return flow && flow.expiresAt - http.clock.now() >= LEAST_LEFT ? flow : undefined;
    } catch (error) {
      log.debug(`the login that waits for a person cannot be looked up: ${explanationOf(error)}`);
      return undefined;
    }
  }

  #show(code: DeviceCode): void {
    if (this.#shown) return;
    this.#shown = code;
    const { userCode, verificationUri, expiresAt } = code;
    this.#parts.request.onPrompt({ userCode, verificationUri, expiresAt });
  }

  /** Holds the lock from here to the end, with the code that waits or with a new one. */
  async #lead(held: HeldLock): Promise<Credential> {
    const { stored, request, wanted } = this.#parts;
    try {
      const answer = await this.#answer();
      if (answer) return stored.adopt(answer);
      const code = this.#shown ?? (await this.#usableFlow());
      try {
        const grant = await this.#poll(held, code);
        // The code is used up: nobody else is to go on with it while a person is asked whose login it may be.
        const accepting = accept(grant, wanted, request, this.#parts, this.#gone);
        const credential = await keptAlive(held, this.#parts.http.clock, accepting);
        await this.#removeFlow();
        return credential;
      } catch (error) {
        const late = await this.#endedWith(error, code !== undefined);
        if (late) return late;
        throw error;
      }
    } finally {
      await held.release();
    }
  }

  /** The code that another call of this login began with, where it asks for all that is wanted here. */
  async #usableFlow(): Promise<LoginFlow | undefined> {
    const flow = await this.#waitingFlow();
    return flow && this.#parts.wanted.every((scope) => flow.scopes.includes(scope)) ? flow : undefined;
  }

  async #poll(held: HeldLock, code: DeviceCode | undefined): Promise<TokenGrant> {
    const { sharing, identity, host, clientId, wanted, http } = this.#parts;
    const arrived = new AbortController();
    const look = async (): Promise<void> => {
      if (await this.#answer()) arrived.abort(ARRIVED);
    };
    let current = code;
    const stop = sharing.watch(identity, () => void look());
    try {
      // Octokit is needed by nobody who is logged in.
      const { runDeviceFlow } = await import('../github/device-flow.ts');
      return await runDeviceFlow({
        host,
        clientId,
        scopes: wanted,
        http,
        ...(code && { code }),
        onCode: (fresh) => {
          current = fresh;
          return this.#announce(fresh);
        },
        onPrompt: () => {
          if (current) this.#show(current);
        },
        onPoll: () => {
          void held.touch();
          void look();
        },
        signal: new AbortController().signal,
        closing: AbortSignal.any([this.#gone, arrived.signal]),
      });
    } finally {
      stop();
    }
  }

  /** Lets others show the code and go on with it: before it is shown here, for this process may end at any moment. */
  async #announce(code: DeviceCode): Promise<void> {
    const { sharing, identity, wanted, log } = this.#parts;
    try {
      await sharing.writeFlow(identity, { ...code, scopes: wanted });
    } catch (error) {
      log.error(`this login cannot be shared with other windows: ${explanationOf(error)}`);
    }
  }

  async #removeFlow(): Promise<void> {
    const { sharing, identity, log } = this.#parts;
    await sharing.removeFlow(identity).catch((error: unknown) => log.debug(explanationOf(error)));
  }

  /**
   * @param wasResumed the code was not asked for here, so others may have ended it
   * @returns a credential that is there in spite of the error
   */
  async #endedWith(error: unknown, wasResumed: boolean): Promise<Credential | undefined> {
    const code = error instanceof RefusedError ? error.code : undefined;
    // Left in the middle: the code stays for those who wait, and for a later call.
    if (code === undefined && !(error instanceof UnreachableError) && error !== ARRIVED) return undefined;
    await this.#removeFlow();
    // A person has approved as the wrong account: what else is there is no answer to that.
    const answer = code === 'other_identity' ? undefined : await this.#answer();
    if (answer) return this.#parts.stored.adopt(answer);
    if (wasResumed && (code === 'incorrect_device_code' || error === ARRIVED))
      throw endedElsewhere(this.#parts.host);
    return undefined;
  }
}
