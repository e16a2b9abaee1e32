// The D-Bus session bus, found with what clients leave of an environment (FACTS, Clients).
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { busSockets, findSessionBus } from '../../../src/vault/session-bus.ts';
import { tempDir } from '../../support/temp.ts';

const uid = process.getuid?.() ?? -1;
/** All that the SDK's default leaves. */
const STRIPPED = { HOME: '/home/o', LOGNAME: 'o', PATH: '/bin', SHELL: '/bin/sh', TERM: 'dumb', USER: 'o' };

async function listen(socket: string): Promise<string> {
  mkdirSync(path.dirname(socket), { recursive: true });
  const server = createServer().listen(socket);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return socket;
}

test('the address that was given is taken as it is', async () => {
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=/x,guid=1' };
  expect(await findSessionBus({ env, uid })).toBe('unix:abstract=/x,guid=1');
});

test('in a stripped environment the bus is found by the user id', async () => {
  const runtimeDirs = tempDir();
  const socket = await listen(path.join(runtimeDirs, String(uid), 'bus'));
  expect(await findSessionBus({ env: STRIPPED, uid, runtimeDirs })).toBe(`unix:path=${socket}`);
});

test('XDG_RUNTIME_DIR comes first, and a variable that is set to nothing is not set', async () => {
  const runtimeDirs = tempDir();
  const dir = tempDir();
  await listen(path.join(runtimeDirs, String(uid), 'bus'));
  const socket = await listen(path.join(dir, 'bus'));
  const env = { ...STRIPPED, XDG_RUNTIME_DIR: dir, DBUS_SESSION_BUS_ADDRESS: '' };
  expect(await findSessionBus({ env, uid, runtimeDirs })).toBe(`unix:path=${socket}`);
});

test('a path is spelled as the D-Bus specification wants it', async () => {
  const dir = path.join(tempDir(), 'a b,c=ü');
  await listen(path.join(dir, 'bus'));
  const address = await findSessionBus({ env: { XDG_RUNTIME_DIR: dir }, uid, runtimeDirs: tempDir() });
  expect(address).toBe(`unix:path=${path.dirname(dir)}/a%20b%2cc%3d%c3%bc/bus`);
});

test('what is no socket, or belongs to somebody else, is passed over', async () => {
  const dir = tempDir();
  const runtimeDirs = tempDir();
  const at = { env: { XDG_RUNTIME_DIR: dir }, runtimeDirs };
  expect(await findSessionBus({ ...at, uid })).toBeUndefined();
  writeFileSync(path.join(dir, 'bus'), '');
  expect(await findSessionBus({ ...at, uid })).toBeUndefined();
  const theirs = uid + 1;
  mkdirSync(path.join(runtimeDirs, String(theirs)));
  symlinkSync(await listen(path.join(tempDir(), 'bus')), path.join(runtimeDirs, String(theirs), 'bus'));
  expect(await findSessionBus({ ...at, uid: theirs })).toBeUndefined();
});

test('a relative XDG_RUNTIME_DIR is invalid and ignored', () => {
  expect(busSockets({ env: { XDG_RUNTIME_DIR: 'run' }, uid: 7 })).toEqual(['/run/user/7/bus']);
});
