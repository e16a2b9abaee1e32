// The refresher's own side: takes its job from the proxy, waits for the word, spends the token, stores what comes.
// Not for: starting it (refresher-process.ts), or how the token is spent (spend.ts).
import type { Readable, Writable } from 'node:stream';
import type { Audit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import { wakingClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { createHttp } from '../github/http.ts';
import type { Kept, Vault } from '../vault/vault.ts';
import { lineReader } from './lines.ts';
import type { Job } from './refresher-protocol.ts';
import { decodeJob, encodeOutcome, GO, READY } from './refresher-protocol.ts';
import { spend } from './spend.ts';

export interface RefresherMainOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
  /** Ends the process: it is not to outlive its time, whatever hangs. */
  readonly giveUp: () => void;
  /** Default: the vault and the audit trail of the state directory that the job names. */
  readonly open?: (job: Job, log: Log, clock: Clock) => Promise<{ vault: Vault; audit: Audit }>;
}

/** How long a prepared one waits for the word: longer than any drain. In ms. */
const WAIT_LIMIT = 15 * 60_000;
/** Within the time after which an untouched lock counts as given up (vault/sharing.ts), in ms. */
const WORK_LIMIT = 30_000;

/** Nobody reads what a refresher would say; what matters is in its answer. */
const silent: Log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** Resolves when the job is done, or there is none. The proxy may be gone at any moment after its word. */
export async function runRefresher(options: RefresherMainOptions): Promise<void> {
  const { input, output, clock, giveUp, open = openShared } = options;
  let limit = clock.after(WAIT_LIMIT, giveUp);
  output.on('error', () => {});
  const next = lineReader(input);
  const job = decodeJob((await next()) ?? '');
  if (job) {
    const { identity, host, nonce, spending } = job;
    const { vault, audit } = await open(job, silent, clock);
    const held = vault.sharing?.resumeLock(identity, 'refresh', nonce);
    if (held) {
      await warmUp(host, () => vault.read(identity));
      await write(output, READY);
      if ((await next()) === GO) {
        limit.cancel();
        // Stopped for however long, it is not to give up what has arrived meanwhile.
        const waking = wakingClock(clock);
        limit = waking.after(WORK_LIMIT, giveUp);
        const peek = (): Promise<Kept | undefined> => vault.read(identity).catch(() => undefined);
        const http = createHttp(waking);
        const outcome = await spend(spending, held, { vault, identity, peek, host, http, audit });
        await write(output, encodeOutcome(outcome));
        await audit.flush();
      } else await held.release();
    }
  }
  limit.cancel();
}

/** What is slow for the first time only, while nobody waits for it yet: loading, opening the record. */
async function warmUp({ loginUrl }: Job['host'], read: () => Promise<unknown>): Promise<void> {
  process.getBuiltinModule(loginUrl.startsWith('https:') ? 'node:https' : 'node:http');
  await read().catch(() => {});
}

/** Resolves when it is written or nobody is there to read it. */
function write(output: Writable, line: string): Promise<void> {
  return new Promise((resolve) => {
    output.write(`${line}\n`, () => resolve());
  });
}

async function openShared(job: Job, log: Log, clock: Clock): Promise<{ vault: Vault; audit: Audit }> {
  const { identity, host, delegation } = job;
  const { profile } = identity;
  const [{ openDelegated }, { createAuditFile }] = await Promise.all([
    import('../vault/open.ts'),
    import('../vault/audit-file.ts'),
  ]);
  const { stateDir } = delegation;
  const audit = createAuditFile({ stateDir, profile, host: host.label, clock, log });
  return { vault: openDelegated(delegation, log, clock), audit };
}
