// `gh-mcp-proxy [options] -- command`: puts the parts together and serves one client on stdin and stdout.
// Not for: what the parts do.
import type { Credential } from '../auth/token-source.ts';
import { systemClock } from '../base/clock.ts';
import { EXIT } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Session } from '../session/driver.ts';
import { prepareContainerCommand } from '../upstream/container.ts';
import { childEnvironment, HOST_ENV } from '../upstream/environment.ts';
import { Redactor } from '../wire/redact.ts';
import { withPatterns } from './auth-failure-pattern.ts';
import { onLocalDesktop, openPage } from './browser.ts';
import { maskTokens } from '../base/mask.ts';
import { ownNamesOf } from './own-variables.ts';
import type { Settings } from './settings.ts';
import { openLog, openSource, openVaultOf } from './source.ts';

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
  process.stderr.on('error', () => {});
  const log = openLog(settings, redactor.text);
  // As it is now: while the keychain is opened, its address stands in the environment (vault/session-bus.ts).
  const parent = { ...process.env };
  const ownNames = ownNamesOf(settings.auth, parent);
  const environment = (credential: Credential | undefined): Record<string, string> =>
    childEnvironment({
      parent,
      tokenEnv: settings.tokenEnv,
      token: credential?.accessToken.reveal() ?? PLACEHOLDER_TOKEN,
      ...(settings.hostGiven && { host: settings.host.loginUrl }),
      ownNames,
    });
  const carried = [...settings.tokenEnv, ...(HOST_ENV in environment(undefined) ? [HOST_ENV] : [])];
  tellOfMode(settings, log);
  const { source, audit } = await openSource(settings, settings.auth, {
    profile: settings.profile,
    vault: await openVaultOf(settings, log),
    log,
    env: parent,
    conceal: (secret) => redactor.add(secret),
  });
  const session = new Session({
    config: {
      hostLabel: source.hostLabel,
      profile: settings.profile,
      mode: source.mode,
      modeReason: settings.auth.because,
      unattended: source.isUnattended,
      remedy: source.remedy,
      authTools: settings.authTools,
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
    audit,
    redactor,
    input: process.stdin,
    output: process.stdout,
    errorOutput: process.stderr,
  });
  // A bug of ours must not print a stack with a token in it, nor leave the server behind.
  process.on('uncaughtException', (error) => {
    log.error(`internal error: ${maskTokens(error.stack ?? error.message)}`);
    void session.end(EXIT.error);
  });
  for (const [signal, number] of Object.entries(SIGNALS))
    process.on(signal, () => void session.end(128 + number));
  return session.run();
}

/** What a person may not expect; and what they will look for where something else happens than they expect. */
function tellOfMode({ auth }: Settings, log: Log): void {
  const { mode, because, ignored } = auth;
  log.debug(`the mode is ${mode}, because ${because}`);
  if (ignored.length > 0) log.debug(`set for other modes, and not used in this one: ${ignored.join(', ')}`);
  if (mode !== 'env') return;
  log.warn(
    `the token in ${auth.name} is passed on as it is (--auth env), because ${because}: it is not renewed, and whoever can read where it is set has it`,
  );
}

function browser(settings: Settings, log: Log): (url: string) => void {
  const wanted =
    settings.openBrowser === 'always' ||
    (settings.openBrowser === 'auto' && onLocalDesktop(process.env, process.platform));
  return wanted ? (url) => openPage(url, log) : () => {};
}
