// The source of `--auth command` with real commands: the first token, its renewal, and a command that brings nothing new.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createCommandSource } from '../../../src/auth/command.ts';
import type { Credential } from '../../../src/auth/token-source.ts';
import type { RefusedError } from '../../../src/base/errors.ts';
import { UnreachableError } from '../../../src/base/errors.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { surroundings } from '../../support/spawned.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted, rejection } from '../github/support.ts';

function fail(why: string): never {
  throw new Error(why);
}

const NOBODY = { scopes: [], onPrompt: () => {} };

/** A source whose command prints what a test says, and counts how often. */
function testSource(command = 'echo run >>runs; cat output') {
  const HOME = tempDir();
  const clock = createFakeClock();
  const concealed: string[] = [];
  const source = createCommandSource({
    command: `cd "$HOME"; ${command}`,
    timeoutMs: 10_000,
    env: surroundings({ env: { HOME } }).env,
    hostLabel: 'gitlab.example',
    clock,
    log: createTestLog(),
    conceal: (secret) => void concealed.push(secret.reveal()),
  });
  const prints = (output: object | string): void =>
    writeFileSync(path.join(HOME, 'output'), typeof output === 'string' ? output : JSON.stringify(output));
  const runs = (): number => readFileSync(path.join(HOME, 'runs'), 'utf8').trim().split('\n').length;
  return { source, clock, concealed, prints, runs };
}

/** The first token, which is there. */
async function first({ source }: ReturnType<typeof testSource>): Promise<Credential> {
  return (await source.load()) ?? fail('no token');
}

test('a plain token is used as long as it is accepted; then the command is asked again', async () => {
  const world = testSource();
  world.prints('token-one\n');
  const one = await first(world);
  expect(one.accessToken.reveal()).toBe('token-one');
  expect(one).toMatchObject({ issuedAt: world.clock.now(), rotation: 'overlapping', scopes: [] });
  expect(one.expiresAt).toBeUndefined();
  world.prints('token-two\n');
  const two = await world.source.refresh(one, neverAborted);
  expect(two.accessToken.reveal()).toBe('token-two');
  expect(world.concealed).toEqual(['token-one', 'token-two']);
});

test('JSON says when it ends and whose it is', async () => {
  const world = testSource();
  world.prints({ token: 'token-one', expires_in: 600, login: 'monalisa' });
  expect(await first(world)).toMatchObject({
    expiresAt: world.clock.now() + 600_000,
    login: 'monalisa',
  });
  expect(world.source).toMatchObject({ mode: 'command', hostLabel: 'gitlab.example', isUnattended: true });
});

test('the same token again is brought as it is, after one run; a later try may bring another', async () => {
  const world = testSource();
  world.prints('token-one');
  const one = await first(world);
  world.clock.sleep(1000);
  expect(await world.source.refresh(one, neverAborted)).toBe(one);
  expect(await world.source.login({ ...NOBODY, known: one }, neverAborted)).toBe(one);
  expect(world.runs()).toBe(3);
  expect(world.source.remedy).toContain('--token-command');
  world.prints('token-two');
  const two = await world.source.login({ ...NOBODY, known: one }, neverAborted);
  expect(two.accessToken.reveal()).toBe('token-two');
});

test('the same token with a later end is a new one: a cache that prolongs it', async () => {
  const world = testSource();
  world.prints({ token: 'token-one', expires_in: 600 });
  const one = await first(world);
  expect(await world.source.refresh(one, neverAborted)).toBe(one);
  world.clock.sleep(300_000);
  const now = world.clock.now();
  const longer = await world.source.refresh(one, neverAborted);
  expect(longer).toMatchObject({ issuedAt: now, expiresAt: now + 600_000 });
});

test('before its end a token serves on, whatever the command does; after that its failure counts', async () => {
  const world = testSource();
  world.prints({ token: 'token-one', expires_in: 600 });
  const one = await first(world);
  const meanwhile = async (): Promise<unknown> => rejection(world.source.refresh(one, neverAborted));
  world.prints('');
  const early = await meanwhile();
  expect(early).toBeInstanceOf(UnreachableError);
  expect((early as UnreachableError).message).toContain('printed nothing');
  world.clock.sleep(600_000);
  expect(await meanwhile()).toMatchObject({ code: 'bad_output' });
});

test('a token whose time is over when it is printed is refused, also as the first one', async () => {
  const world = testSource();
  world.prints({ token: 'token-one', expires_at: world.clock.now() / 1000 - 1 });
  const error = await rejection(world.source.load());
  expect(error).toMatchObject({ code: 'expired_token' });
  expect((error as RefusedError).next).toContain('clock');
});

test('a command that fails gives its own reason', async () => {
  const { source } = testSource('echo "vault is sealed" >&2; exit 2');
  const error = await rejection(source.load());
  expect(error).toMatchObject({
    code: 'helper_failed',
    message: 'the command of --token-command failed with exit code 2: vault is sealed',
  });
});
