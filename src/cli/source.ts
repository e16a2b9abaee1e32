// Opens what a token is kept in and got by, from settings: for `run` and for the commands alike.
// Not for: which login is meant (logins.ts), or the sources themselves (auth/).
import { createDeviceSource } from '../auth/device.ts';
import { brokerAddress } from '../auth/exchange/address.ts';
import type { SecretSource } from '../auth/secret-source.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { noAudit } from '../base/audit.ts';
import type { Audit } from '../base/audit.ts';
import { systemClock } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { withLogFile } from '../base/log-file.ts';
import type { Log, Redact } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { issuerLabel } from '../net/web-address.ts';
import { createAuditFile } from '../vault/audit-file.ts';
import { openVault } from '../vault/open.ts';
import type { Vault } from '../vault/vault.ts';
import type { Auth, BrowserAuth, DeviceAuth, OauthAuth } from './auth.ts';
import { onLocalDesktop } from './browser.ts';
import type { Settings } from './settings.ts';

export interface OpenSource {
  readonly source: TokenSource;
  readonly audit: Audit;
}

/** What sources are made with, beside their settings. */
export interface SourceParts {
  readonly profile: string;
  readonly vault: Vault;
  readonly log: Log;
  readonly env: NodeJS.ProcessEnv;
  /** Told of each secret that a source learns: it is kept out of all that is printed from then on. */
  readonly conceal: (secret: Secret) => void;
}

type CommonParts = SourceParts & { readonly clock: Clock; readonly audit: Audit };

/** Diagnostics on stderr and, if asked, in a file. @throws {StorageError} that file cannot be opened */
export function openLog({ logLevel: level, logFile }: Settings, redact: Redact): Log {
  const log = createLog(level, (line) => process.stderr.write(line), redact);
  return logFile === undefined ? log : withLogFile(log, logFile, { level, redact, clock: systemClock });
}

/** Asks nothing of anybody yet. */
export function openVaultOf({ store, stateDir, passphrase }: Settings, log: Log): Promise<Vault> {
  return openVault({ store, stateDir, passphrase, log, clock: systemClock });
}

/**
 * A token source, with the trail that says what it does. The code of each mode but the usual one is loaded here.
 * @throws {RefusedError} a client secret cannot be read
 */
export async function openSource(settings: Settings, auth: Auth, parts: SourceParts): Promise<OpenSource> {
  const { stateDir, writesNothing } = settings;
  const { profile, log } = parts;
  const host = labelOf(auth, settings);
  const audit = writesNothing
    ? noAudit
    : createAuditFile({ stateDir, profile, host, clock: systemClock, log });
  return { source: await sourceOf(settings, auth, { ...parts, clock: systemClock, audit }, host), audit };
}

function sourceOf(
  settings: Settings,
  auth: Auth,
  parts: CommonParts,
  hostLabel: string,
): Promise<TokenSource> {
  switch (auth.mode) {
    case 'device':
      return deviceSource(auth, parts);
    case 'browser':
      return browserSource(settings, auth, parts);
    case 'oauth':
      return oauthSource(auth, parts);
    case 'exchange':
      return import('../auth/exchange.ts').then((code) => code.createExchangeSource({ ...parts, ...auth }));
    case 'github-app':
      return import('../auth/app.ts').then((code) => code.createAppSource({ ...parts, ...auth }));
    case 'gh':
      return import('../auth/gh.ts').then((code) => code.createGhSource({ ...parts, ...auth }));
    case 'command':
      return import('../auth/command.ts').then((code) =>
        code.createCommandSource({ ...parts, ...auth, hostLabel }),
      );
    case 'env':
      break;
  }
  return import('../auth/env.ts').then((code) => code.createEnvSource({ ...parts, ...auth, hostLabel }));
}

async function deviceSource(auth: DeviceAuth, parts: CommonParts): Promise<TokenSource> {
  const clientSecret = await clientSecretOf(auth, parts);
  const source = createDeviceSource({ ...parts, ...auth, clientSecret });
  if (auth.clientId !== undefined) return source;
  return (await import('./unconfigured.ts')).withOtherWays(source, auth.host, parts.env);
}

async function browserSource(
  settings: Settings,
  auth: BrowserAuth,
  parts: CommonParts,
): Promise<TokenSource> {
  const { createBrowserSource } = await import('../auth/browser.ts');
  const clientSecret = await clientSecretOf(auth, parts);
  // Whether a page that is shown can be opened on this machine.
  const hasBrowser = settings.openBrowser === 'always' || onLocalDesktop(parts.env, process.platform);
  return createBrowserSource({ ...parts, ...auth, clientSecret, hasBrowser });
}

async function oauthSource(auth: OauthAuth, parts: CommonParts): Promise<TokenSource> {
  const { createOauthSource } = await import('../auth/oauth.ts');
  return createOauthSource({ ...parts, ...auth, clientSecret: await clientSecretOf(auth, parts) });
}

/** Where the token is for, as a person knows it: also in modes that no host belongs to. */
function labelOf(auth: Auth, { host, hostGiven, tokenEnv }: Settings): string {
  if (auth.mode === 'oauth') return issuerLabel(auth.issuer);
  if (auth.mode === 'exchange') return issuerLabel(brokerAddress(auth.settings));
  if ('host' in auth) return auth.host.label;
  // A token in a variable that is not GitHub's is for something else, of which nothing is known but that name.
  const [name = ''] = tokenEnv;
  return hostGiven || /^(?:GITHUB|GH)_/.test(name) ? host.label : name;
}

async function clientSecretOf(
  { clientSecret }: { readonly clientSecret: SecretSource | undefined },
  { env, conceal }: SourceParts,
): Promise<Secret | undefined> {
  if (!clientSecret) return undefined;
  const secret = await readClientSecret(clientSecret, env);
  conceal(secret);
  return secret;
}

async function readClientSecret(source: SecretSource, env: NodeJS.ProcessEnv): Promise<Secret> {
  // The usual way costs no further file.
  if (source.kind === 'env') return new Secret(env[source.name] ?? '');
  const { readSecret } = await import('../auth/secret-source.ts');
  const { signal } = new AbortController();
  return readSecret(source, { env, timeoutMs: 0, what: '--oauth-client-secret-file', signal });
}
