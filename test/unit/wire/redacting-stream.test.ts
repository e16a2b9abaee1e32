// Redaction of bytes that arrive in pieces (DESIGN 2.1: also across chunk boundaries): the same as of the whole.
import { expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { RedactingStream, Redactor } from '../../../src/wire/redact.ts';
import { bytewise, pieces, seeded } from '../../support/random.ts';

const TOKEN = 'ghu_0123456789abcdefghijABCDEFGHIJ012345';

function redactor(...values: string[]): Redactor {
  const result = new Redactor();
  for (const value of values) result.add(new Secret(value));
  return result;
}

function streamed(set: Redactor, parts: readonly Buffer[]): string {
  const stream = new RedactingStream(set);
  return Buffer.concat([...parts.map((part) => stream.push(part)), stream.end()]).toString();
}

test.each([
  ['in the middle', `{"a":"é${TOKEN}€"}\n`, [TOKEN]],
  ['at both ends and twice in a row', `${TOKEN}${TOKEN} ${TOKEN}`, [TOKEN]],
  ['after a false start', `ghu_01ghu_0ghghu_${TOKEN}`, [TOKEN]],
  ['never quite', `${TOKEN.slice(0, -1)} ${TOKEN.slice(1)}`, [TOKEN]],
  [
    'and its own beginning',
    `${TOKEN} ${TOKEN.slice(0, 12)} ${TOKEN.slice(0, 14)}`,
    [TOKEN, TOKEN.slice(0, 12)],
  ],
  [
    'and what is in its middle',
    `${TOKEN} ${TOKEN.slice(10, 20)}!`,
    [TOKEN, TOKEN.slice(10, 20), TOKEN.slice(22, 32)],
  ],
  ['and one that begins in its end', '<abcdefgh1234ijklmnop>', ['abcdefgh1234', '1234ijklmnop']],
  ['of one repeated character', 'a'.repeat(30), ['aaaaaaaa']],
])('a secret %s, split at every byte and at every two', (_, text, values) => {
  const set = redactor(...values);
  const bytes = Buffer.from(text);
  const whole = set.lastBytes(bytes).toString();
  expect(streamed(set, [bytes])).toBe(whole);
  expect(streamed(set, bytewise(bytes))).toBe(whole);
  for (let one = 0; one <= bytes.length; one += 1)
    for (let two = one; two <= bytes.length; two += 1)
      expect(streamed(set, [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)])).toBe(
        whole,
      );
});

test('random streams full of secrets and halves of secrets', () => {
  const random = seeded(41);
  const values = [TOKEN, `${TOKEN}-longer`, 'ghr_zyxwvutsrq', 'zyxwvutsrq"quoted"', 'quoted"and'];
  const set = redactor(...values);
  for (let run = 0; run < 500; run += 1) {
    const parts = Array.from({ length: 12 }, () => {
      const value = random.pick([...values, ' ', '\n', 'g', 'é']);
      return random.int(2) === 0 ? value : value.slice(0, random.int(value.length));
    });
    const bytes = Buffer.from(parts.join(''));
    const whole = set.lastBytes(bytes).toString();
    expect(streamed(set, bytewise(bytes))).toBe(whole);
    expect(streamed(set, pieces(random, bytes))).toBe(whole);
    for (const value of values) expect(whole).not.toContain(value);
  }
});

test('only what may be the beginning of a secret waits', () => {
  const stream = new RedactingStream(redactor(TOKEN));
  expect(stream.push(Buffer.from('{"text":"ghu_01')).toString()).toBe('{"text":"');
  expect(stream.push(Buffer.from('2345')).toString()).toBe('');
  expect(stream.push(Buffer.from('!"}')).toString()).toBe('ghu_012345!"}');
  expect(stream.push(Buffer.from('a whole line\n')).toString()).toBe('a whole line\n');
  expect(stream.end().length).toBe(0);
});

test('what waits at the end of the stream comes out, masked where it has to be', () => {
  const short = new RedactingStream(redactor(TOKEN, TOKEN.slice(0, 10)));
  expect(short.push(Buffer.from(`x${TOKEN.slice(0, 10)}`)).toString()).toBe('x');
  expect(short.end().toString()).toBe('[redacted]');
  expect(short.end().length).toBe(0);
});

test('a secret that the end of the stream cuts off is masked, unless it is hardly more than its kind', () => {
  for (let length = 1; length < TOKEN.length; length += 1) {
    const beginning = TOKEN.slice(0, length);
    const half = new RedactingStream(redactor(TOKEN));
    expect(half.push(Buffer.from(`x${beginning}`)).toString()).toBe('x');
    expect(half.end().toString()).toBe(length < 8 ? beginning : '[redacted]');
  }
});

test('a secret that is cut off after another one, or within its end, is masked with it', () => {
  const beginning = TOKEN.slice(0, 20);
  expect(streamed(redactor(TOKEN), [Buffer.from(`${TOKEN}${beginning}`)])).toBe('[redacted][redacted]');
  expect(streamed(redactor(TOKEN, `ghu_first${beginning}`), [Buffer.from(`ghu_first${beginning}`)])).toBe(
    '[redacted]',
  );
});

test('a piece without anything to hide passes as the same buffer', () => {
  const stream = new RedactingStream(redactor(TOKEN));
  const piece = Buffer.from('{"text":"nothing here"}\n');
  expect(stream.push(piece)).toBe(piece);
});

test('a secret that becomes known in mid-stream is masked from then on', () => {
  const set = redactor();
  const stream = new RedactingStream(set);
  expect(stream.push(Buffer.from(`${TOKEN}\n`)).toString()).toBe(`${TOKEN}\n`);
  set.add(new Secret(TOKEN));
  expect(stream.push(Buffer.from(`${TOKEN}\n`)).toString()).toBe('[redacted]\n');
});
