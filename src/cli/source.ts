// Opens what a login is kept in and renewed by, from settings: for `run` and for the commands alike.
// Not for: which login is meant (logins.ts).
import { createDeviceSource } from '../auth/device.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { noAudit } from '../base/audit.ts';
import type { Audit } from '../base/audit.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { withLogFile } from '../base/log-file.ts';
import type { Log, Redact } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { createAuditFile } from '../vault/audit-file.ts';
import { openVault } from '../vault/open.ts';
import type { Vault } from '../vault/vault.ts';
import type { Settings } from './settings.ts';
import type { Which } from './shell.ts';

export interface OpenSource {
  readonly source: TokenSource;
  readonly audit: Audit;
}

/** Diagnostics on stderr and, if asked, in a file. @throws {StorageError} that file cannot be opened */
export function openLog({ logLevel: level, logFile }: Settings, redact: Redact): Log {
  const log = createLog(level, (line) => process.stderr.write(line), redact);
  return logFile === undefined ? log : withLogFile(log, logFile, { level, redact, clock: systemClock });
}

/** Asks nothing of anybody yet. */
export function openVaultOf({ store, stateDir, passphrase }: Settings, log: Log): Promise<Vault> {
  return openVault({ store, stateDir, passphrase, log, clock: systemClock });
}

/** One login's token source, with the trail that says so. */
export function openSource(
  settings: Settings,
  { host, clientId, scopes, profile }: Which,
  vault: Vault,
  log: Log,
  env: NodeJS.ProcessEnv,
): OpenSource {
  const { stateDir, writesNothing } = settings;
  const audit = writesNothing
    ? noAudit
    : createAuditFile({ stateDir, profile, host: host.label, clock: systemClock, log });
  const secret = env['GITHUB_OAUTH_CLIENT_SECRET'];
  const source = createDeviceSource({
    host,
    clientId,
    scopes,
    profile,
    vault,
    clock: systemClock,
    log,
    audit,
    clientSecret: secret === undefined || secret === '' ? undefined : new Secret(secret),
  });
  return { source, audit };
}
