// What Linux tells about a running process: memory, CPU time, wake-ups, descriptors, children. Not for: other systems,
// which have no /proc.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

/** Whether this machine has what the rest of this file reads. */
export const hasProc = existsSync('/proc/self/clear_refs');

/** USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Resident memory in MB (10^6 bytes): `now`, and `peak` since the last {@link resetPeak}.
 * @param {number} pid
 */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { now: field(status, 'VmRSS') * 1.024e-3, peak: field(status, 'VmHWM') * 1.024e-3 };
}

/**
 * Makes the present memory the peak, see proc(5) on clear_refs.
 * @param {number} pid
 */
export function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/**
 * CPU time in ms (steps of 10 ms) and voluntary context switches of all threads: a process that sleeps has none.
 * @param {number} pid
 */
export function activity(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses, which may hold spaces; utime is the 14th field, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const wakeups = readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'))
    .reduce((sum, status) => sum + field(status, 'voluntary_ctxt_switches'), 0);
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, wakeups };
}

/**
 * How many file descriptors it has open.
 * @param {number} pid
 */
export function descriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * Process ids of its children, also of those that have ended and were not waited for.
 * @param {number} pid
 */
export function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter((child) => child !== '')
    .map(Number);
}

/**
 * @param {string} status text of /proc/PID/status
 * @param {string} name
 */
function field(status, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
}
