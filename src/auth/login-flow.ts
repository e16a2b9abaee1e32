// A login from the request to the stored credential, for one process or shared by many.
// Not for: what the sharing is about (shared-login.ts), or what becomes of the token (accept.ts).
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { RecordIdentity, Sharing } from '../vault/vault.ts';
import type { AcceptParts } from './accept.ts';
import { accept } from './accept.ts';
import { shareLogin } from './shared-login.ts';
import { orAborted } from './single-flight.ts';
import type { Credential, LoginRequest } from './token-source.ts';

export interface LoginParts extends AcceptParts {
  readonly identity: RecordIdentity;
  /** `undefined`: no other process knows of this login. */
  readonly sharing: Sharing | undefined;
}

/** See TokenSource.login. */
export async function logIn(
  request: LoginRequest,
  parts: LoginParts,
  signal: AbortSignal,
): Promise<Credential> {
  const { audit, sharing, identity } = parts;
  const wanted = [...new Set([...identity.scopes, ...request.scopes])];
  try {
    if (!sharing) return await alone(request, wanted, parts, signal);
    // A question for the token that was asked by the time this caller leaves may have its only answer: the others who
    // show the code wait for it as well, so it is waited for and stored.
    return await orAborted(shareLogin({ ...parts, sharing, request, wanted, signal }), signal);
  } catch (error) {
    if (error instanceof RefusedError) audit.note({ event: 'login-failed', detail: error.code });
    else if (error instanceof UnreachableError) audit.note({ event: 'login-failed', detail: 'unreachable' });
    throw error;
  }
}

async function alone(
  request: LoginRequest,
  wanted: readonly string[],
  parts: LoginParts,
  signal: AbortSignal,
): Promise<Credential> {
  const { onPrompt, closing = new AbortController().signal } = request;
  const step = { scopes: wanted, resume: undefined, onFlow: () => Promise.resolve(), onPoll: () => {} };
  const grant = await parts.server.logIn({ ...step, onPrompt, signal, closing });
  return accept(grant, wanted, request, parts, AbortSignal.any([signal, closing]));
}
