// The refresher's own side: takes its job from the proxy, waits for the word, spends the token, stores what comes.
// Not for: starting it (refresher-process.ts), or how the token is spent (spend.ts).
import type { Readable, Writable } from 'node:stream';
import type { Audit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import { systemClock, wakingClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Http } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import type { Kept, Vault } from '../vault/vault.ts';
import { lineReader } from './lines.ts';
import type { ServerDescription } from './login-server.ts';
import type { Job } from './refresher-protocol.ts';
import { decodeJob, encodeOutcome, GO, READY } from './refresher-protocol.ts';
import type { Renewer } from './renewer.ts';
import { spend } from './spend.ts';

/** The server that a job describes; `undefined` where this refresher is not for its kind. */
export type RenewerOf = (server: ServerDescription, http: Http) => Renewer | undefined;

interface RefresherOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
  readonly renewerOf: RenewerOf;
  /** Ends the process: it is not to outlive its time, whatever hangs. */
  readonly giveUp: () => void;
}

/** How long a prepared one waits for the word: longer than any drain. In ms. */
const WAIT_LIMIT = 15 * 60_000;
/** Within the time after which an untouched lock counts as given up (vault/sharing.ts), in ms. */
const WORK_LIMIT = 30_000;

/** Nobody reads what a refresher would say; what matters is in its answer. */
const silent: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** A whole process: it ends when the job is done, or where there is none. */
export async function refresherProcessMain(renewerOf: RenewerOf): Promise<void> {
  // Whoever ends the proxy, or the whole session, does not end a refresh half way: it is over soon by itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  await runRefresher({
    input: process.stdin,
    output: process.stdout,
    clock: systemClock,
    renewerOf,
    giveUp: () => process.exit(1),
  });
  process.exit(0);
}

/** Resolves when the job is done, or there is none. The proxy may be gone at any moment after its word. */
async function runRefresher(options: RefresherOptions): Promise<void> {
  const { input, output, clock, renewerOf, giveUp } = options;
  let limit = clock.after(WAIT_LIMIT, giveUp);
  output.on('error', () => {});
  const next = lineReader(input);
  const job = decodeJob((await next()) ?? '');
  // Stopped for however long, it is not to give up what has arrived meanwhile.
  const waking = wakingClock(clock);
  const server = job && renewerOf(job.server, createHttp(waking));
  if (server) {
    const { identity, nonce, spending } = job;
    const { vault, audit } = await openShared(job, server.label, clock);
    const held = vault.sharing?.resumeLock(identity, 'refresh', nonce);
    if (held) {
      // What is slow for the first time only, while nobody waits for it yet.
      await Promise.all([server.warmUp(), vault.read(identity).catch(() => {})]);
      await write(output, READY);
      if ((await next()) === GO) {
        limit.cancel();
        limit = waking.after(WORK_LIMIT, giveUp);
        const peek = (): Promise<Kept | undefined> => vault.read(identity).catch(() => undefined);
        const outcome = await spend(spending, held, { vault, identity, peek, server, audit });
        await write(output, encodeOutcome(outcome));
        await audit.flush();
      } else await held.release();
    }
  }
  limit.cancel();
}

/** Resolves when it is written or nobody is there to read it. */
function write(output: Writable, line: string): Promise<void> {
  return new Promise((resolve) => {
    output.write(`${line}\n`, () => resolve());
  });
}

/** The vault and the audit trail of the state directory that the job names. */
async function openShared(
  { identity: { profile }, delegation }: Job,
  host: string,
  clock: Clock,
): Promise<{ vault: Vault; audit: Audit }> {
  const [{ openDelegated }, { createAuditFile }] = await Promise.all([
    import('../vault/open.ts'),
    import('../vault/audit-file.ts'),
  ]);
  const audit = createAuditFile({ stateDir: delegation.stateDir, profile, host, clock, log: silent });
  return { vault: openDelegated(delegation, silent, clock), audit };
}
