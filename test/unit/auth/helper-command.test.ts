// Commands of the person's as real processes: what comes of their output, their failures, and all that they start.
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { runHelper } from '../../../src/auth/helper-command.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { aliveWithMarker, waitUntilGone } from '../../support/processes.ts';
import { surroundings } from '../../support/spawned.ts';
import { tempDir } from '../../support/temp.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

interface Run {
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function run(command: string, { env = {}, timeoutMs = 10_000, signal = neverAborted }: Run = {}) {
  return runHelper({ command, env: surroundings({ env }).env, timeoutMs, what: '--token-command', signal });
}

/** The refusal of a command that fails. */
async function refusal(command: string, options?: Run): Promise<RefusedError> {
  const error = await rejection(run(command, options));
  if (!(error instanceof RefusedError)) throw error;
  expect(error.code).toBe('helper_failed');
  return error;
}

/** A command that never ends, nor does what it starts, whatever they are asked. HOME is the mark of both. */
function endless(options: Run): { readonly outcome: Promise<unknown>; readonly home: string } {
  const home = tempDir();
  const command = `trap '' TERM; sh -c 'trap "" TERM; sleep 600; sleep 600' & wait; wait`;
  return { outcome: rejection(run(command, { ...options, env: { HOME: home } })), home };
}

test('what it prints comes as it is; a shell runs it, in the given environment alone', async () => {
  process.env['HELPER_TEST_LEAK'] = 'leaked';
  const output = await run('printf "%s %s\\n" "$A" "${HELPER_TEST_LEAK-none}" | cat', {
    env: { A: 'one  two' },
  });
  delete process.env['HELPER_TEST_LEAK'];
  expect(output).toBe('one  two none\n');
});

test('it finds the end of its input at once', async () => {
  expect(await run('cat; echo done')).toBe('done\n');
});

test('its exit code and last words on stderr are told, without colours, and nothing of its stdout', async () => {
  const error = await refusal(
    `echo stdout-secret-value; printf 'first\\n\\033[31mvault: permission denied\\033[0m\\r\\n' >&2; exit 3`,
  );
  expect(error.message).toBe(
    'the command of --token-command failed with exit code 3: first | vault: permission denied',
  );
  expect(error.next).toContain('in a terminal');
  assertHarmless(error, ['stdout-secret-value']);
});

test('a trace of itself and what looks like a credential are cut out of its last words', async () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl';
  const command = `set -x; echo opaque-token-0001; echo "${TOKEN} Bearer ${jwt} https://me:hunter2-password@host" >&2; exit 1`;
  const error = await refusal(command);
  assertHarmless(error, ['opaque-token-0001', TOKEN, jwt, 'hunter2-password']);
  expect(error.message).toContain('https://[redacted]@host');
});

test('of much on stderr the end is told, and no half of what stands at the cut', async () => {
  const secret = `glpat-${'x'.repeat(40)}`;
  const filler = 'word '.repeat(3_270);
  const error = await refusal(`printf '%s' "${secret} ${filler}" >&2; echo the end >&2; exit 1`);
  expect(error.message).toMatch(/the end$/);
  expect(error.message.length).toBeLessThan(2_200);
  expect(error.message).not.toContain('xxx');
});

test.each([
  ['whole', ''],
  ['cut off', 'ab '.repeat(4_500)],
])('a private key on stderr is not told, %s, however long it is', async (_, after) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  const PEM = String(privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const command = `printf '%s\\n' "$PEM" "${after}" why >&2; exit 1`;
  const error = await refusal(command, { env: { PEM } });
  expect(error.message).toMatch(/why$/);
  assertHarmless(
    error,
    PEM.split('\n').filter((line) => line.length === 64),
  );
});

test('a command that is not there is told by name, with what to do about a short PATH', async () => {
  const error = await refusal('no-such-program-here --flag');
  expect(error.message).toMatch(/exit code 127: .*no-such-program-here/);
  expect(error.next).toContain('full path');
});

test('a death by a signal is told as one', async () => {
  const error = await refusal('kill -KILL $$');
  expect(error.message).toBe('the command of --token-command was ended by SIGKILL');
});

test('a flood on stdout is stopped; one on stderr harms nobody', async () => {
  const home = tempDir();
  const error = await refusal('yes', { env: { HOME: home } });
  expect(error.message).toContain('more than 64 KiB');
  await waitUntilGone(`HOME=${home}`, 5_000);
  expect(await run('yes | head -c 1000000 >&2; echo token')).toBe('token\n');
});

test('at its time-out it ends with all that it started, though both ignore SIGTERM', async () => {
  const { outcome, home } = endless({ timeoutMs: 500 });
  const error = await outcome;
  expect(error).toBeInstanceOf(UnreachableError);
  expect((error as UnreachableError).message).toBe(
    'the command of --token-command did not end within 0.5 s and was stopped',
  );
  expect((error as UnreachableError).next).toContain('--command-timeout');
  await waitUntilGone(`HOME=${home}`, 5_000);
});

test('an abort ends it in the same way, with the reason', async () => {
  const leaving = new AbortController();
  const { outcome, home } = endless({ signal: leaving.signal });
  await vi.waitUntil(() => aliveWithMarker(`HOME=${home}`).length >= 3, { timeout: 5_000, interval: 5 });
  const reason = new Error('nobody waits');
  leaving.abort(reason);
  expect(await outcome).toBe(reason);
  await waitUntilGone(`HOME=${home}`, 5_000);
});

test('nothing is started for somebody who has left', async () => {
  const home = tempDir();
  const mark = path.join(home, 'ran');
  const reason = new Error('gone');
  expect(await rejection(run(`: >${mark}`, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(() => writeFileSync(mark, '', { flag: 'wx' })).not.toThrow();
});

test('what it leaves running keeps nobody waiting, and is let be', async () => {
  const home = tempDir();
  // As an agent does that `eval $(...)` starts: it holds the pipe.
  expect(await run('sleep 600 & echo token', { env: { HOME: home } })).toBe('token\n');
  expect(aliveWithMarker(`HOME=${home}`)).toHaveLength(1);
});
