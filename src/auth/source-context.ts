// What sources are made with beside the settings of their own: the parts of the process that they work in.
// Not for: those settings, or the parts themselves.
import type { Audit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import type { Vault } from '../vault/vault.ts';
import type { StartRefresher } from './refresher.ts';

/** Of every source. */
export interface SourceContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is noted. */
  readonly audit?: Audit | undefined;
  /** Told of every secret as soon as it is known: nobody prints it from then on. */
  readonly conceal?: (secret: Secret) => void;
}

/** Of a source at which persons log in. */
export interface LoginSourceContext extends SourceContext {
  readonly profile: string;
  readonly vault: Vault;
  /** Default: one of its own. */
  readonly http?: Http;
  /** Default: a process of its own, where the vault is shared and the server is one that can be described. */
  readonly startRefresher?: StartRefresher | undefined;
}
