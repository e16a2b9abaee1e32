// The part of one call in a login that all processes share. Whoever holds the lock begins the flow and waits for its end;
// the others show the same code or page, wait for the credential, and when the holder is gone go on with the code, or
// begin anew where it was a page, which leads back to nobody but the one that began it.
// Not for: a login that nobody shares (login-flow.ts).
import { delay } from '../base/clock.ts';
import { explanationOf, RefusedError, StorageError, UnreachableError } from '../base/errors.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { HeldLock, Lock, LoginFlow, RecordIdentity, Sharing } from '../vault/vault.ts';
import type { AcceptParts } from './accept.ts';
import { accept } from './accept.ts';
import { endedElsewhere } from './refusals.ts';
import type { Credential, LoginPrompt, LoginRequest } from './token-source.ts';
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
/** A code or page that ends sooner is not shown to anybody any more, in ms. */
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
  /** What this call shows. */
  #shown: LoginPrompt | undefined;
  /** The flow of another call that it belongs to. */
  #followed: LoginFlow | undefined;

  constructor(parts: SharedLoginParts, begun: Version) {
    this.#parts = parts;
    this.#begun = begun;
    const { signal, request } = parts;
    this.#gone = request.closing ? AbortSignal.any([signal, request.closing]) : signal;
  }

  async run(): Promise<Credential> {
    const { sharing, identity, stored, clock } = this.#parts;
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
        await delay(clock, pauseMs, AbortSignal.any([this.#gone, wake.signal])).catch(() => {});
        if (wake.signal.aborted) wake = new AbortController();
      }
    } finally {
      stop();
    }
  }

  /** A stored credential that makes this login needless. */
  async #answer(): Promise<Credential | undefined> {
    const { server, stored, request, clock, wanted } = this.#parts;
    const kept = await stored.peek();
    if (kept?.kind !== 'record') return undefined;
    const { record } = kept;
    const { accessToken } = record;
    if (stored.isOld(accessToken) || request.known?.accessToken.equals(accessToken)) return undefined;
    if (hasExpired(record, clock.now())) return undefined;
    // What came of the login that was shown here is the outcome of this login, whatever was granted.
    const isOutcome = this.#shown !== undefined && !sameVersion(versionOf(kept), this.#begun);
    return isOutcome || server.suffices(record, wanted) ? record : undefined;
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

  /** Shows what the holder of the lock waits with, as soon as it is there, and what comes in its place. */
  async #follow(): Promise<void> {
    const { server, clock } = this.#parts;
    if (this.#shown && this.#shown.expiresAt <= clock.now()) throw server.expired();
    const flow = await this.#waitingFlow();
    if (!flow) return;
    this.#followed = flow;
    this.#show(promptOf(flow));
  }

  /** What cannot be looked up is taken to be as it was. */
  async #waitingFlow(): Promise<LoginFlow | undefined> {
    const { sharing, identity, clock, log } = this.#parts;
    try {
      const flow = await sharing.readFlow(identity);
      return flow && flow.expiresAt - clock.now() >= LEAST_LEFT ? flow : undefined;
    } catch (error) {
      log.debug(`the login that waits for a person cannot be looked up: ${explanationOf(error)}`);
      return this.#followed;
    }
  }

  /** Each page or code once, however often it comes up. */
  #show(prompt: LoginPrompt): void {
    const { verificationUri, userCode } = this.#shown ?? {};
    this.#shown = prompt;
    if (verificationUri !== prompt.verificationUri || userCode !== prompt.userCode)
      this.#parts.request.onPrompt(prompt);
  }

  /** Holds the lock from here to the end, with the flow that waits or with a new one. */
  async #lead(held: HeldLock): Promise<Credential> {
    const { stored, request, wanted } = this.#parts;
    try {
      const answer = await this.#answer();
      if (answer) return stored.adopt(answer);
      const resumed = await this.#flowToResume();
      try {
        const grant = await this.#poll(held, resumed);
        // The code is used up: nobody else is to go on with it while a person is asked whose login it may be.
        const accepting = accept(grant, wanted, request, this.#parts, this.#gone);
        const credential = await keptAlive(held, this.#parts.clock, accepting);
        await this.#removeFlow();
        return credential;
      } catch (error) {
        const late = await this.#endedWith(error, resumed !== undefined);
        if (late) return late;
        throw error;
      }
    } finally {
      await held.release();
    }
  }

  /**
   * The code that is shown here, or that another call of this login began with, where it asks for all that is wanted.
   * @throws {RefusedError} a page was shown here, and whoever it led back to has ended that login
   */
  async #flowToResume(): Promise<LoginFlow | undefined> {
    const { server, wanted } = this.#parts;
    if (this.#followed?.kind === 'code') return this.#followed;
    const flow = await this.#waitingFlow();
    // Who leaves in the middle, on purpose or killed, leaves the flow behind: that is begun anew.
    if (this.#followed && !flow) throw endedElsewhere(server.label);
    return flow?.kind === 'code' && wanted.every((scope) => flow.scopes.includes(scope)) ? flow : undefined;
  }

  async #poll(held: HeldLock, resume: LoginFlow | undefined): Promise<TokenGrant> {
    const { server, sharing, identity, wanted } = this.#parts;
    const arrived = new AbortController();
    const look = async (): Promise<void> => {
      if (await this.#answer()) arrived.abort(ARRIVED);
    };
    const stop = sharing.watch(identity, () => void look());
    try {
      return await server.logIn({
        scopes: wanted,
        resume,
        onFlow: (flow) => this.#announce(flow),
        onPrompt: (prompt) => this.#show(prompt),
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

  /** Lets others show it and go on with it: before it is shown here, for this process may end at any moment. */
  async #announce(flow: LoginFlow): Promise<void> {
    const { sharing, identity, log } = this.#parts;
    try {
      await sharing.writeFlow(identity, flow);
    } catch (error) {
      log.error(`this login cannot be shared with other windows: ${explanationOf(error)}`);
    }
  }

  async #removeFlow(): Promise<void> {
    const { sharing, identity, log } = this.#parts;
    await sharing.removeFlow(identity).catch((error: unknown) => log.debug(explanationOf(error)));
  }

  /**
   * @param wasResumed the flow did not begin here, so others may have ended it
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
      throw endedElsewhere(this.#parts.server.label);
    return undefined;
  }
}

function promptOf(flow: LoginFlow): LoginPrompt {
  const { verificationUri, expiresAt } = flow;
  if (flow.kind === 'code') return { verificationUri, userCode: flow.userCode, expiresAt };
  return { verificationUri, ...(flow.purpose !== undefined && { purpose: flow.purpose }), expiresAt };
}
