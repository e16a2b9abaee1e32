// One question to a keychain through a process of its own: what it is told, and each way in which it fails.
// Not for: a real keychain (test/integration/keychain.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { askKeychain } from '../../../src/vault/keychain-call.ts';
import { failureOf, keychainError } from '../../../src/vault/keychain-failure.ts';
import { waitUntilGone } from '../../support/processes.ts';
import { tempDir } from '../../support/temp.ts';

const question = { service: 'gh-mcp-proxy', account: 'name', value: 'secret-of-this-test' };
const env = {
  PATH: process.env['PATH'],
  DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
  NODE_OPTIONS: '--nonsense',
};

/** A helper that does what the script says, with a mark by which its process is found. */
function helperOf(script: string): string {
  const file = path.join(tempDir(), 'helper.cjs');
  writeFileSync(file, `const fs = require('node:fs');\n${script}`);
  return file;
}

test('the question goes through stdin and the answer comes through stdout; nothing is in argv or the environment', async () => {
  const seen = path.join(tempDir(), 'seen');
  const helper = helperOf(`
    const asked = fs.readFileSync(0, 'utf8');
    fs.writeFileSync(${JSON.stringify(seen)}, JSON.stringify([process.argv.slice(2), process.env]));
    fs.writeSync(1, JSON.stringify({ value: asked }));`);
  const answer = await askKeychain(question, { helper, env });
  expect(answer).toEqual({ kind: 'value', value: JSON.stringify(question) });
  const [argv, environment] = JSON.parse(readFileSync(seen, 'utf8')) as [string[], Record<string, string>];
  expect(argv).toEqual([]);
  expect(JSON.stringify(environment)).not.toContain(question.value);
  expect(environment).not.toHaveProperty('NODE_OPTIONS');
});

test('no such entry is an answer, and no failure', async () => {
  const helper = helperOf(`fs.writeSync(1, '{"value":null}');`);
  expect(await askKeychain(question, { helper, env })).toEqual({ kind: 'value', value: undefined });
});

test('a helper that hangs is killed when its time is over', async () => {
  const helper = helperOf(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`);
  expect(await askKeychain(question, { helper, env, limitMs: 150 })).toEqual({ kind: 'silent', ms: 150 });
  await waitUntilGone(helper, 5000);
});

test.each([
  ['ends without a word', 'process.exit(7);', 'its helper process ended with 7'],
  ['is killed', `process.kill(process.pid, 'SIGABRT');`, 'its helper process ended with SIGABRT'],
  ['speaks nonsense', `fs.writeSync(1, 'v=1');`, 'its helper process ended with 0'],
  [
    'answers something else than a text',
    `fs.writeSync(1, '{"value":7}');`,
    'its helper process ended with 0',
  ],
  ['fails', `fs.writeSync(1, '{"error":"the wheel came off"}');`, 'the wheel came off'],
])('a helper that %s: a failure that says so', async (_name, script, why) => {
  expect(await askKeychain(question, { helper: helperOf(script), env })).toEqual({ kind: 'failed', why });
});

test('without a bus nothing is started', async () => {
  const dir = tempDir();
  const answer = await askKeychain(question, { helper: '/nowhere', env: { XDG_RUNTIME_DIR: dir } });
  expect(answer).toMatchObject({ kind: 'no-bus', why: expect.stringContaining(`${dir}/bus`) as string });
});

test('the package that is not installed is told from other failures', async () => {
  // The real helper, from where no package is in reach.
  const helper = helperOf(
    readFileSync(new URL('../../../src/vault/keychain-helper.cjs', import.meta.url), 'utf8').replace(
      /const fs = .*/,
      '',
    ),
  );
  expect(await askKeychain(question, { helper, env })).toEqual({ kind: 'no-library' });
});

describe('the words of the library and of D-Bus', () => {
  test.each([
    ['Cannot find native binding. npm has a bug related to optional dependencies', 'no-library'],
    ["Couldn't access platform storage: Secret Service: unlock prompt was dismissed", 'locked'],
    ['SS Error: object locked', 'locked'],
    ['Platform secure storage failure: User interaction is not allowed.', 'locked'],
    ['Platform failure: DBus error: Did not receive a reply. Possible causes include: …', 'silent'],
    ['DBus error: The name org.freedesktop.secrets was not provided by any .service files', 'no-service'],
    ['DBus error: Failed to connect to socket /run/user/1000/bus: No such file', 'no-bus'],
    ['DBus error: Using X11 for dbus-daemon autolaunch was disabled at compile time', 'no-bus'],
    ['Platform failure: something new', 'failed'],
  ])('%s: %s', (text, kind) => {
    const failure = failureOf('GenericFailure', text);
    expect(failure.kind).toBe(kind);
    const error = keychainError(failure);
    expect(error.message).toMatch(/^the keychain cannot be used: ./);
    expect(error.next).toMatch(/\.$/);
  });
});
