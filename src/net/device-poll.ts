// The wait for a person: asks for the token again and again, never sooner than allowed (RFC 8628, section 3.5).
// Not for: how the question is sent (github/device-flow.ts, oauth/device-flow.ts).
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { RefusedError } from '../base/errors.ts';
import { UnreachableError } from '../base/errors.ts';
import type { DeviceCode } from './device-code.ts';
import type { JsonAnswer } from './http.ts';
import { asObject } from './http.ts';
import type { GrantingServer } from './token-grant.ts';

export interface PollOptions {
  readonly code: Pick<DeviceCode, 'expiresAt' | 'intervalMs'>;
  /** Asks once. */
  readonly ask: () => Promise<JsonAnswer>;
  readonly server: GrantingServer;
  /** What the server's error code means: `expired_token` is also said where the time is over. */
  readonly refuse: (code: string, description?: unknown) => RefusedError;
  readonly clock: Clock;
  /** Ends the pauses. A question that was asked by then is waited for: {@link ask} has a signal of its own. */
  readonly signal: AbortSignal;
}

/** RFC 8628, section 3.5: slow_down adds 5 seconds "for this and all subsequent requests". */
const SLOW_DOWN_MS = 5000;
/** No pause after failures is longer, so that a person is not kept waiting once the network is back. */
const LONGEST_BACKOFF_MS = 60_000;

/**
 * The first answer that has an access token. Failures of the network and of the server do not end the wait: the
 * pause doubles with each of them, and the code's own lifetime is the limit.
 * @throws {RefusedError} denied, expired, or misconfigured
 * @throws {UnreachableError} the code expired while the server could not be reached
 * @throws the signal's reason once it has aborted and no answer is awaited; nothing is sent after that
 */
export async function pollForToken(options: PollOptions): Promise<Readonly<Record<string, unknown>>> {
  const { code, clock, signal, server, refuse } = options;
  let intervalMs = code.intervalMs;
  let failures = 0;
  let lastFailure: UnreachableError | undefined;
  for (;;) {
    const pauseMs = Math.max(intervalMs, Math.min(intervalMs * 2 ** failures, LONGEST_BACKOFF_MS));
    const leftMs = Math.max(code.expiresAt - clock.now(), 0);
    await delay(clock, Math.min(pauseMs, leftMs), signal);
    // Decided before the pause, so that a timer that fires a moment early brings no extra poll, and looked at again
    // for a machine that slept: its timers stood still, the code's lifetime did not.
    if (leftMs <= pauseMs || clock.now() >= code.expiresAt) {
      throw lastFailure ? outlasted(lastFailure) : refuse('expired_token');
    }
    try {
      const answer = await options.ask();
      const fields = asObject(answer.data);
      if (fields?.access_token !== undefined) return fields;
      if (typeof fields?.error !== 'string') throw noAnswer(server, answer.status);
      failures = 0;
      lastFailure = undefined;
      if (fields.error === 'slow_down') intervalMs = slower(intervalMs, fields.interval);
      else if (fields.error !== 'authorization_pending') throw refuse(fields.error, fields.error_description);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      failures += 1;
      lastFailure = error;
    }
  }
}

/** @param seconds the new interval, as GitHub sends it; a server that sends none, or no longer one, means 5 s more */
function slower(intervalMs: number, seconds: unknown): number {
  const asked = typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : 0;
  return asked > intervalMs ? asked : intervalMs + SLOW_DOWN_MS;
}

function noAnswer({ label, setting }: GrantingServer, status: number): UnreachableError {
  return new UnreachableError(
    `${label} answered neither with a token nor with an error code (HTTP ${status})`,
    { next: `Check ${setting} and try again.` },
  );
}

function outlasted(failure: UnreachableError): UnreachableError {
  return new UnreachableError(`the login code expired while waiting: ${failure.message}`, {
    next: failure.next,
  });
}
