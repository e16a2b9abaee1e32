// `gh-mcp-proxy [options] -- command`: puts the parts together and serves one client on stdin and stdout.
// Not for: what the parts do.
import { createDeviceSource } from '../auth/device.ts';
import type { Credential } from '../auth/token-source.ts';
import { systemClock } from '../base/clock.ts';
import { EXIT } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import type { Log } from '../base/log.ts';
import { Session } from '../session/driver.ts';
import { prepareContainerCommand } from '../upstream/container.ts';
import { childEnvironment, HOST_ENV } from '../upstream/environment.ts';
import { createMemoryVault } from '../vault/memory.ts';
import type { Vault } from '../vault/vault.ts';
import { Redactor } from '../wire/redact.ts';
import { withPatterns } from './auth-failure-pattern.ts';
import { onLocalDesktop, openPage } from './browser.ts';
import type { Settings } from './settings.ts';

/** Within the minute that most clients give a call, less what an answer needs. In ms. */
const LOGIN_WAIT = 45_000;
/** Clients give 3 to 5 s at the least to `initialize` and the first list. In ms. */
const PATIENCE = 2_000;
/** Stands for a token while nobody is logged in. It must not begin with ghp_: servers would check it at once. */
const PLACEHOLDER_TOKEN = 'gh-mcp-proxy-not-logged-in';

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Serves until the client is gone; resolves with the exit code. */
export async function run(settings: Settings, version: string): Promise<number> {
  const redactor = new Redactor();
  const log = createLog(settings.logLevel, (line) => process.stderr.write(line), redactor.text);
  process.stderr.on('error', () => {});
  const environment = (credential: Credential | undefined): Record<string, string> =>
    childEnvironment({
      parent: process.env,
      tokenEnv: settings.tokenEnv,
      token: credential?.accessToken.reveal() ?? PLACEHOLDER_TOKEN,
      ...(settings.hostGiven && { host: settings.host.loginUrl }),
    });
  const carried = [...settings.tokenEnv, ...(HOST_ENV in environment(undefined) ? [HOST_ENV] : [])];
  const source = createDeviceSource({
    host: settings.host,
    clientId: settings.clientId,
    scopes: settings.scopes,
    profile: 'default',
    vault: await vault(settings, log),
    clock: systemClock,
    log,
  });
  const session = new Session({
    config: {
      hostLabel: settings.host.label,
      beforeLogin: settings.beforeLogin,
      authFailure: withPatterns(source.authFailure, settings.authFailurePatterns, log),
      rotation: settings.rotation,
      version,
      loginWait: LOGIN_WAIT,
      drainTimeout: settings.drainTimeout,
      patience: PATIENCE,
      jitter: systemClock.random(),
    },
    command: prepareContainerCommand(settings.command, carried),
    environment,
    source,
    openPage: browser(settings, log),
    clock: systemClock,
    log,
    redactor,
    input: process.stdin,
    output: process.stdout,
    errorOutput: process.stderr,
  });
  // A bug of ours must not print a stack with a token in it, nor leave the server behind.
  process.on('uncaughtException', (error) => {
    log.error(`internal error: ${error.stack ?? error.message}`);
    void session.end(EXIT.error);
  });
  for (const [signal, number] of Object.entries(SIGNALS))
    process.on(signal, () => void session.end(128 + number));
  return session.run();
}

function browser(settings: Settings, log: Log): (url: string) => void {
  const wanted =
    settings.openBrowser === 'always' ||
    (settings.openBrowser === 'auto' && onLocalDesktop(process.env, process.platform));
  return wanted ? (url) => openPage(url, log) : () => {};
}

async function vault(settings: Settings, log: Log): Promise<Vault> {
  if (settings.store === 'memory') return createMemoryVault();
  const { createFileVault } = await import('../vault/file.ts');
  return createFileVault({ stateDir: settings.stateDir, log });
}
