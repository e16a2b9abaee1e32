// `gh-mcp-proxy audit`: the trail as a table and as JSON lines. Not for: how it is written (unit/vault/audit-file).
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { AuditLine } from '../../src/base/audit.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { startTestGithub } from '../support/login.ts';
import { logInAtShell } from '../support/shell-login.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

/** A state directory after a login, a refresh and a logout. */
async function used() {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  for (const command of ['refresh', 'logout'])
    expect(await runCommand([command, '--state-dir', stateDir])).toMatchObject({ code: 0 });
  return { github, stateDir, file: path.join(stateDir, 'audit.jsonl') };
}

async function entries(stateDir: string, ...args: readonly string[]): Promise<AuditLine[]> {
  const { code, stdout } = await runCommand(['audit', '--state-dir', stateDir, '--json', ...args]);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine);
}

test('what the commands did is in it, with fingerprints and no token', async () => {
  const { github, stateDir } = await used();
  const found = await entries(stateDir);
  expect(found.map(({ event }) => event)).toEqual(['login', 'refresh', 'logout']);
  for (const entry of found) {
    expect(entry).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      profile: 'default',
      host: github.url.replace('http://', ''),
      login: 'octocat',
      token: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    });
  }
  assertNoSecrets({ dirs: [stateDir], secrets: github.secrets() });
});

test('a table for a person, one line an entry, oldest first', async () => {
  const { stateDir } = await used();
  const { code, stdout, stderr } = await runCommand(['audit', '--state-dir', stateDir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [head = '', ...rows] = stdout.trimEnd().split('\n');
  expect(head.split(/ +/)).toEqual(['TIME', 'EVENT', 'PROFILE', 'ACCOUNT', 'TOKEN', 'GEN', 'PID', 'DETAIL']);
  expect(rows.map((row) => row.split(/ +/)[2])).toEqual(['login', 'refresh', 'logout']);
  expect(rows[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}login +default {2}octocat@127\.0\.0\.1:\d+ {2}[0-9a-f]{8} +\d+/,
  );
  // Cells of a column begin below its title.
  for (const title of ['EVENT', 'PROFILE', 'TOKEN', 'PID'])
    expect(rows.every((row) => /^ {2}\S/.test(row.slice(head.indexOf(title) - 2)))).toBe(true);
});

test('the last few, since a while, of one profile', async () => {
  const { stateDir, file } = await used();
  const old = { time: '2001-02-03T04:05:06.789Z', event: 'login', profile: 'old', host: 'x.org', pid: 1 };
  appendFileSync(file, `${JSON.stringify(old)}\n`);
  const events = async (...args: readonly string[]) =>
    (await entries(stateDir, ...args)).map(({ event }) => event);
  expect(await events('-n', '2')).toEqual(['logout', 'login']);
  expect(await events('--limit', '1', '--since', '1h')).toEqual(['logout']);
  expect(await events('--since', '24h')).toEqual(['login', 'refresh', 'logout']);
  expect(await events('--since', '2001-01-01')).toHaveLength(4);
  expect(await events('--profile', 'old')).toEqual(['login']);
  expect(await events('--gh-host', 'x.org')).toEqual(['login']);
  expect(await events('--profile', 'none')).toEqual([]);
});

test('damaged lines are counted on stderr, and what a terminal would obey is not printed', async () => {
  const { stateDir, file } = await used();
  const evil = {
    time: '2030-01-01T00:00:00.000Z',
    event: 'login',
    profile: 'p',
    host: 'h',
    pid: 1,
    detail: '\u001b[2Jx',
  };
  appendFileSync(file, `{"time":"2030\n${JSON.stringify(evil)}\nnot JSON\n`);
  const { code, stdout, stderr } = await runCommand(['audit', '--state-dir', stateDir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '! 2 lines are damaged and left out\n' });
  expect(stdout).not.toContain('\u001b');
  expect(stdout).toMatch(/ \[2Jx\n$/);
});

test('nothing yet: exit code 0, nothing on stdout', async () => {
  const { code, stdout, stderr } = await runCommand(['audit', '--state-dir', tempDir()]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toBe('Nothing is noted yet, or nothing that fits.\n');
});

test.each([
  [['--since', 'yesterday'], '--since is "yesterday"'],
  [['-n', 'all'], '--limit is "all"'],
  [['-n', '0'], '--limit is "0"'],
] as const)('%j is wrong usage', async (args, says) => {
  const { code, stdout, stderr } = await runCommand(['audit', '--state-dir', tempDir(), ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(says);
});

test('a reader that has seen enough is no failure', async () => {
  const { stateDir, file } = await used();
  const line = `${JSON.stringify({ time: '2030-01-01T00:00:00.000Z', event: 'login', profile: 'p', host: 'h', pid: 1 })}\n`;
  appendFileSync(file, line.repeat(20_000));
  const command = startCommand(['audit', '--json', '--state-dir', stateDir]);
  command.child.stdout.once('data', () => command.child.stdout.destroy());
  expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
});
