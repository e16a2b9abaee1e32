// The refresher as a process of its own, seen from the proxy: it spends the refresh token and stores what comes of it
// also when the proxy is killed meanwhile. GitHub takes each refresh token once, and only the answer has the next one.
// Not for: what that process does (refresher-main.ts), or what is said to it (refresher-protocol.ts).
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { HeldLock, RecordIdentity, Sharing } from '../vault/vault.ts';
import { lineReader } from './lines.ts';
import type { ServerDescription } from './login-server.ts';
import type { Refresher, StartRefresher } from './refresher.ts';
import { decodeOutcome, encodeJob, GO, READY } from './refresher-protocol.ts';
import type { Spending, SpendOutcome } from './spend.ts';

export interface RefresherProcessOptions {
  readonly sharing: Sharing;
  readonly identity: RecordIdentity;
  readonly description: ServerDescription;
  readonly clock: Clock;
  readonly log: Log;
  /** Does the same in this process, where no other one can be started. */
  readonly fallback: StartRefresher;
  /** The file that it runs; default: the one of this very build. */
  readonly entry?: string | undefined;
}

/** A machine that needs longer to start Node is so busy that it is better done here, in ms. */
const START_LIMIT = 10_000;
/** It ends by itself within 30 s; whoever is silent for longer is stopped, or worse. In ms. */
const ANSWER_LIMIT = 40_000;

/**
 * What Node and its TLS and HTTP go by, what a system needs to start a process, and nothing else: the person's
 * environment is full of tokens. Electron is Node, and no window, only where it is told so.
 */
const ENVIRONMENT =
  /^(?:ELECTRON_RUN_AS_NODE|NODE_(?:OPTIONS|EXTRA_CA_CERTS|USE_ENV_PROXY|USE_SYSTEM_CA|TLS_REJECT_UNAUTHORIZED|V8_COVERAGE)|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|OPENSSL_CONF|LD_LIBRARY_PATH|PATH|HOME|LANG|LC_ALL|TZ|TMPDIR|TMP|TEMP|SYSTEMROOT|WINDIR|USERPROFILE)$/i;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts it up to where it waits for the word to go, with the lock passed to it. */
export function refresherProcess(options: RefresherProcessOptions): StartRefresher {
  const { fallback, log, description, entry = builtEntry(description) } = options;
  if (entry === undefined) return fallback;
  return async (spending, held) => {
    try {
      return await start(entry, spending, held, options);
    } catch (error) {
      log.debug(`the refresh is done in this process: ${messageOf(error)}`);
      return fallback(spending, held);
    }
  };
}

async function start(
  entry: string,
  spending: Spending,
  held: HeldLock,
  { sharing, identity, description, clock }: RefresherProcessOptions,
): Promise<Refresher> {
  const delegation = await sharing.delegate(identity);
  const child = spawnRefresher(entry);
  const next = lineReader(child.stdout);
  try {
    child.stdin.write(
      `${encodeJob({ identity, server: description, delegation, nonce: held.nonce, spending })}\n`,
    );
    const word = await within(START_LIMIT, clock, next());
    if (word !== READY || child.pid === undefined) throw new Error('the refresher did not start');
    await held.passTo(child.pid);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  // While nobody waits for it, it keeps nobody from ending.
  keepAlive(child, false);
  return {
    async go(): Promise<SpendOutcome> {
      keepAlive(child, true);
      child.stdin.write(`${GO}\n`);
      const line = await within(ANSWER_LIMIT, clock, next());
      child.stdin.end();
      keepAlive(child, false);
      return line === undefined ? { kind: 'died' } : decodeOutcome(line);
    },
    async cancel() {
      child.stdin.end();
      await held.release();
    },
  };
}

function spawnRefresher(entry: string): Child {
  // Its own process group, since a terminal and most clients signal the whole group. The directory stays: what
  // NODE_OPTIONS and the flags of this process name may be relative to it.
  const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
  const child = spawn(process.execPath, [...flags, entry], {
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name))),
  });
  // One that cannot be started, or has ended, shows by the end of its output.
  child.on('error', () => child.stdout.destroy());
  child.stdin.on('error', () => {});
  return child;
}

/** What the promise brings; `undefined` after `ms`. */
function within<T>(ms: number, clock: Clock, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

function keepAlive(child: Child, isWanted: boolean): void {
  for (const handle of [child, child.stdin, child.stdout] as readonly {
    ref?: () => void;
    unref?: () => void;
  }[])
    if (isWanted) handle.ref?.();
    else handle.unref?.();
}

/** Built files lie in one folder, or in the one for parts below it; there is none beside the sources. */
function builtEntry({ kind }: ServerDescription): string | undefined {
  const name = kind === 'github' ? 'refresher.js' : 'refresher-oauth.js';
  return [`./${name}`, `../${name}`]
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
    .find((file) => existsSync(file));
}
