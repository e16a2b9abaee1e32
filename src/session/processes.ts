// The processes behind a session's generations, by number: started, written to, kept from running ahead of the client,
// stopped, and noted in the audit trail. Not for: when any of that is due (transition.ts), or what a process is (upstream/).
import type { Writable } from 'node:stream';
import type { Credential } from '../auth/token-source.ts';
import type { Audit, AuditEntry } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Generation } from '../upstream/generation.ts';
import type { Redactor } from '../wire/redact.ts';
import type { FrameWriter } from '../wire/writer.ts';
import type { UpstreamOutput } from './upstream-output.ts';

export interface ProcessesOptions {
  readonly command: readonly string[];
  /** The child's environment for a token, or for none (the placeholder's). */
  readonly environment: (token: Credential | undefined) => Record<string, string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly redactor: Redactor;
  readonly errorOutput: Writable;
}

interface Process {
  readonly generation: Generation;
  /** Whose token it has; the token itself serves for its fingerprint only. */
  readonly about: Pick<AuditEntry, 'generation' | 'login' | 'token'>;
  /** Its end is noted once, whoever sees it first. */
  readonly noteEnd: () => void;
}

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #processes = new Map<number, Process>();

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  /** Starts one. @param sink gets what it says */
  start(number: number, credential: Credential | undefined, sink: UpstreamOutput): void {
    const { environment, audit, log, ...rest } = this.#options;
    log.debug(`starting generation ${number}${credential ? '' : ' without a login'}`);
    const env = environment(credential);
    const tokenlessEnv = environment(undefined);
    const generation = new Generation({ ...rest, log, env, tokenlessEnv, sink });
    const about = { generation: number, login: credential?.login, token: credential?.accessToken };
    audit.note({ event: 'generation-start', ...about, ...(!credential && { detail: 'placeholder' }) });
    let ended = false;
    const noteEnd = (): void => {
      if (!ended) audit.note({ event: 'generation-end', ...about });
      ended = true;
    };
    this.#processes.set(number, { generation, about, noteEnd });
    sink.onEnd = () => {
      noteEnd();
      void generation.stop().then(() => this.#processes.delete(number));
    };
  }

  /** Notes something that is about the token of one. */
  note(number: number, event: AuditEntry['event'], detail: string | undefined): void {
    const about = this.#processes.get(number)?.about ?? { generation: number };
    this.#options.audit.note({ event, ...about, ...(detail !== undefined && { detail }) });
  }

  /** Writes whole frames; they leave at the next flush. */
  write(number: number | undefined, frames: Buffer): void {
    if (number !== undefined) this.#processes.get(number)?.generation.write(frames);
  }

  /** The stdin of one; undefined before it is there and after it has gone. */
  writer(number: number | undefined): FrameWriter | undefined {
    return number === undefined ? undefined : this.#processes.get(number)?.generation.writer;
  }

  /** What was written to each leaves. */
  flush(): void {
    for (const { generation } of this.#processes.values()) generation.writer?.flush();
  }

  /** Reads from each only while the client takes what it writes. */
  balance(): void {
    for (const { generation } of this.#processes.values()) generation.balance();
  }

  stop(number: number): void {
    void this.#processes.get(number)?.generation.stop();
  }

  /** Stops all; resolves when nothing of them is left. */
  async stopAll(): Promise<void> {
    const ends = [...this.#processes.values()].map(async ({ generation, noteEnd }) => {
      await generation.stop();
      noteEnd();
    });
    await Promise.all(ends);
  }
}
