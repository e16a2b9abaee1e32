// What a source refuses by itself, before or after any server was asked, as what happened and what to do now.
// Not for: a server's own error codes (github/oauth-refusal.ts, oauth/refusal.ts).
import { RefusedError } from '../base/errors.ts';

const LOG_IN = 'Call auth_login to log in again.';

export function noClientId(obstacle: string | undefined): RefusedError {
  return new RefusedError('no_client_id', 'no client id is configured', { next: obstacle ?? '' });
}

export function noRefreshToken(label: string): RefusedError {
  return new RefusedError('no_refresh_token', `the token for ${label} cannot be renewed without a person`, {
    next: LOG_IN,
  });
}

/** The mark of a logout lies where the record was. */
export function loggedOut(label: string): RefusedError {
  return new RefusedError('logged_out', `somebody logged out of ${label} in another window`, {
    next: LOG_IN,
  });
}

/** The code or page was used up, or given up, by another window, and no credential came of it. */
export function endedElsewhere(label: string): RefusedError {
  return new RefusedError('login_ended', `the login at ${label} ended in another window`, {
    next: 'Call auth_login again for a new one.',
  });
}

/**
 * @param was the account of the stored login
 * @param now the account that approved the new one
 * @param left what a person has to revoke by hand; empty where the new token is revoked
 */
export function otherIdentity(label: string, was: string, now: string, left: string): RefusedError {
  return new RefusedError(
    'other_identity',
    `the login at ${label} is that of ${was}, but this one was approved as ${now}, so nothing was changed`,
    {
      next: `Log in as ${was}; or keep both accounts (gh-mcp-proxy login --profile NAME); or log out first, to change to ${now}.${left}`,
    },
  );
}
