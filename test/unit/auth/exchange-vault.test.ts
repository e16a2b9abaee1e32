// For whom a token was exchanged is kept with it, and hides it from everybody else.
import { expect, test } from 'vitest';
import { subjectVault } from '../../../src/auth/exchange/vault.ts';
import { decodeRecord, encodeRecord } from '../../../src/vault/record.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import { identity, record, recordIn } from '../../support/vault.ts';

function vaultOf(who: () => string | undefined, memory = createSharedMemory()) {
  const vault = subjectVault(memory.process(), {
    who: () => Promise.resolve(who()),
    subjectOf: (token) => (token.equals(record.accessToken) ? who() : undefined),
  });
  return { vault, memory };
}

test('a record outlives its text with its subject, and is none where that is no text', () => {
  const text = encodeRecord({ ...record, subject: 'me' });
  expect(decodeRecord(text)?.subject).toBe('me');
  expect(decodeRecord(encodeRecord(record))).not.toHaveProperty('subject');
  expect(decodeRecord(text.replace('"me"', '7'))).toBeUndefined();
});

test('a record is there for the one for whom it was made, and while nobody knows who asks', async () => {
  let who: string | undefined = 'me';
  const { vault } = vaultOf(() => who);
  await vault.write(identity, record);
  expect(recordIn(await vault.read(identity))?.subject).toBe('me');
  who = undefined;
  expect((await vault.read(identity)).kind).toBe('record');
  who = 'you';
  expect((await vault.read(identity)).kind).toBe('none');
});

test('one of which it is not known for whom it was made is there for everybody', async () => {
  const { vault } = vaultOf(() => undefined);
  await vault.write(identity, record);
  expect(recordIn(await vault.read(identity))).not.toHaveProperty('subject');
  const { memory } = vaultOf(() => 'you');
  await memory.process().write(identity, record);
  expect((await vaultOf(() => 'you', memory).vault.read(identity)).kind).toBe('record');
});

test('a logout is a logout for everybody', async () => {
  const { vault, memory } = vaultOf(() => 'me');
  await vault.write(identity, record);
  await vault.remove(identity);
  expect((await vaultOf(() => 'you', memory).vault.read(identity)).kind).toBe('logged-out');
});
