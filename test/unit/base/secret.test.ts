// A secret does not get out by accident: not as text, not as JSON, not in a log of an object that holds it.
import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { REDACTED, Secret } from '../../../src/base/secret.ts';

const VALUE = 'ghu_0123456789abcdef';
const secret = new Secret(VALUE);

test.each([
  ['String', String(secret)],
  ['concatenation', ''.concat(secret as unknown as string)],
  ['joining', [secret, secret].join()],
  ['JSON', JSON.stringify({ secret, list: [secret] })],
  ['inspect', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
  ['inspect without its own method', inspect(secret, { customInspect: false, showHidden: true })],
  ['format', format('%s %o %O %j', secret, secret, secret, secret)],
  ['an error message', inspect(new Error(`no: ${String(secret)}`, { cause: secret }))],
  [
    'its own keys',
    JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret), Object.assign({}, secret)]),
  ],
])('%s does not show it', (_, text) => {
  expect(text).not.toContain(VALUE);
});

test('it is shown as redacted, so that a reader knows that something was there', () => {
  expect(String(secret)).toBe(REDACTED);
  expect(JSON.stringify([secret])).toBe(`["${REDACTED}"]`);
  expect(inspect([secret])).toBe(`[ ${REDACTED} ]`);
});

test('only reveal gives the value', () => {
  expect(secret.reveal()).toBe(VALUE);
});

test('two secrets are equal by their values', () => {
  expect(secret.equals(new Secret(VALUE))).toBe(true);
  expect(secret.equals(new Secret(`${VALUE}x`))).toBe(false);
});
