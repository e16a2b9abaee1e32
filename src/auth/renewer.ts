// What of a server it takes to spend a refresh token: all that a refresher has of it, in whichever process.
// Not for: logins (login-server.ts).
import type { LoginServer } from './login-server.ts';

export interface Renewer extends Pick<LoginServer, 'label' | 'renew' | 'rotationOf'> {
  /** Does what is slow for the first time only, before calls wait for a renewal: loading, looking up. Never rejects. */
  warmUp(): Promise<void>;
}
