// Who holds a lock: a process, named so that others can tell whether it still lives.
// Not for: taking and giving up locks (lock.ts).
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../base/errors.ts';

/** One taking of a lock and the process that answers for it. */
export interface Holder {
  /** 16 hex digits: stays the same when the lock is passed on. */
  readonly nonce: string;
  readonly pid: number;
  /** When the process began, in a unit of its machine: a number that is used again belongs to another one. 0: unknown. */
  readonly startTime: string;
  /** 12 hex digits of whatever tells one table of processes from another. */
  readonly machine: string;
}

/** The table of processes, as far as locks need it. */
export interface Processes {
  /** This process. */
  readonly pid: number;
  describe(pid: number): Omit<Holder, 'nonce'>;
  /** Whether it has certainly ended; of another machine's processes nothing is certain. */
  isGone(holder: Holder): boolean;
}

const NAME = /^([0-9a-f]{16})-([1-9][0-9]{0,9})-([0-9]{1,20})-([0-9a-f]{12})$/;

/** A file name that says it all: a name is never half written, and changes in one step. */
export function nameOf({ nonce, pid, startTime, machine }: Holder): string {
  return `${nonce}-${pid}-${startTime}-${machine}`;
}

/** @returns `undefined` for a name that is not ours, or of a later version */
export function holderOf(name: string): Holder | undefined {
  const [, nonce, pid, startTime, machine] = NAME.exec(name) ?? [];
  if (nonce === undefined || startTime === undefined || machine === undefined) return undefined;
  return { nonce, pid: Number(pid), startTime, machine };
}

/** The processes of this machine, or of this container. */
export const systemProcesses: Processes = {
  pid: process.pid,
  describe: (pid) => ({ pid, startTime: statOf(pid)?.startTime ?? '0', machine: thisMachine() }),
  isGone({ pid, startTime, machine }) {
    if (machine !== thisMachine()) return false;
    try {
      process.kill(pid, 0);
    } catch (error) {
      // EPERM: it lives, and belongs to somebody else.
      return codeOf(error) === 'ESRCH';
    }
    const stat = statOf(pid);
    if (stat === undefined) return false;
    // One that was killed stays in the table until its parent has looked, which some clients never do.
    return ENDED.has(stat.state) || (startTime !== '0' && stat.startTime !== startTime);
  },
};

/** proc(5): zombie and dead. */
const ENDED = new Set(['Z', 'X', 'x']);

/** What Linux tells of a process; elsewhere its number has to do, and a number that is used again ends by the TTL rule. */
function statOf(pid: number): { readonly state: string; readonly startTime: string } | undefined {
  // The command in parentheses may hold spaces and parentheses itself, so the fields start after the last.
  const text = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // Field 22, as proc(5) counts them; the first of these is field 3.
  const startTime = fields[19];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

let machine: string | undefined;

/**
 * Numbers of processes mean the same only on the same machine since the same boot and in the same PID namespace; start
 * times only in the same time namespace. A state directory may be on a network, or lent to a container.
 */
function thisMachine(): string {
  machine ??= createHash('sha256')
    .update(
      JSON.stringify([
        hostname(),
        tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
        tryRead(() => readlinkSync('/proc/self/ns/pid')),
        tryRead(() => readlinkSync('/proc/self/ns/time')),
      ]),
    )
    .digest('hex')
    .slice(0, 12);
  return machine;
}

/** Empty where there is no such thing. */
function tryRead(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
