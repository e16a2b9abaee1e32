// No secret in what leaves the process (DESIGN 2.1), wherever it lies in the bytes.
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { Redactor } from '../../../src/wire/redact.ts';

const TOKEN = 'ghu_0123456789abcdefghijABCDEFGHIJ012345';
const REFRESH = 'ghr_zyxwvutsrq9876543210';

function redactor(...values: string[]): Redactor {
  const result = new Redactor();
  for (const value of values) result.add(new Secret(value));
  return result;
}

describe('a secret is masked', () => {
  test.each([
    [`${TOKEN} at the start`, '[redacted] at the start'],
    [`at the end ${TOKEN}`, 'at the end [redacted]'],
    [TOKEN, '[redacted]'],
    [`${TOKEN}${TOKEN} twice ${TOKEN}`, '[redacted][redacted] twice [redacted]'],
    [`"${TOKEN}","${REFRESH}","${TOKEN}"`, '"[redacted]","[redacted]","[redacted]"'],
    [`é€${TOKEN}𝄞`, 'é€[redacted]𝄞'],
    [`ghu_${TOKEN}`, 'ghu_[redacted]'],
    [`${TOKEN.slice(0, -1)}${TOKEN}`, `${TOKEN.slice(0, -1)}[redacted]`],
  ])('%s', (text, clean) => {
    const both = redactor(TOKEN, REFRESH);
    expect(both.bytes(Buffer.from(text)).toString()).toBe(clean);
    expect(both.text(text)).toBe(clean);
  });

  test('as it stands inside a JSON string', () => {
    const value = 'pass"word\\with\nall';
    const text = JSON.stringify({ value, other: 1 });
    expect(redactor(value).text(text)).toBe('{"value":"[redacted]","other":1}');
    expect(redactor(value).text(`plain ${value}!`)).toBe('plain [redacted]!');
  });

  test('whole where a shorter secret is its beginning, its end or its middle', () => {
    for (const part of [TOKEN.slice(0, 12), TOKEN.slice(-12), TOKEN.slice(8, 20)]) {
      for (const values of [
        [part, TOKEN],
        [TOKEN, part],
      ])
        expect(redactor(...values).text(`<${TOKEN}> <${part}>`)).toBe('<[redacted]> <[redacted]>');
    }
  });

  test('with another one that begins in its end, as one', () => {
    expect(redactor('abcdefgh1234', '1234ijklmnop').text('<abcdefgh1234ijklmnop>')).toBe('<[redacted]>');
    expect(redactor('1234ijklmnop', 'abcdefgh1234').text('<abcdefgh1234ijklmnop>')).toBe('<[redacted]>');
  });

  test('also after it was replaced', () => {
    const many = redactor(...Array.from({ length: 20 }, (_, index) => `${TOKEN}-${index}-of-many`));
    expect(many.text(`first ${TOKEN}-0-of-many, last ${TOKEN}-19-of-many`)).toBe(
      'first [redacted], last [redacted]',
    );
  });

  test('as long as it is in use, however many came after it', () => {
    const set = redactor(TOKEN);
    for (let index = 0; index < 200; index += 1) {
      set.add(new Secret(`${REFRESH}-${index}`));
      if (index % 50 === 0) set.add(new Secret(TOKEN));
    }
    expect(set.text(`${TOKEN} ${REFRESH}-199`)).toBe('[redacted] [redacted]');
  });

  test('also when another one is added over and over', () => {
    const set = redactor(TOKEN);
    for (let index = 0; index < 200; index += 1) set.add(new Secret(REFRESH));
    expect(set.text(`${TOKEN} ${REFRESH}`)).toBe('[redacted] [redacted]');
  });

  test('wherever it begins with what another one begins with', () => {
    const set = redactor('ghu_aaaaaaaaaaaa', 'ghu_aaaaaaaabbbb', 'ghu_cccccccccccc');
    expect(set.text('ghu_ghu_aaaaaaaabbbbghu_aaaaaaaacccc ghu_cccccccccccc')).toBe(
      'ghu_[redacted]ghu_aaaaaaaacccc [redacted]',
    );
  });
});

describe('what is no secret is left alone', () => {
  const clean = Buffer.from(`{"text":"ghu_ and ${TOKEN.slice(0, -1)} are no tokens"}`);

  test('the same buffer comes back where nothing is found', () => {
    expect(redactor(TOKEN, REFRESH).bytes(clean)).toBe(clean);
    expect(redactor().bytes(clean)).toBe(clean);
  });

  test('a value so short that it may be a word is not searched for', () => {
    expect(redactor('', 'x', 'content').text('x content')).toBe('x content');
    expect(redactor('contents').text('x contents')).toBe('x [redacted]');
  });

  test('bytes that are no UTF-8 stay as they are around a secret', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from(TOKEN), Buffer.from([0xe2, 0x82])]);
    expect(redactor(TOKEN).bytes(bytes)).toEqual(
      Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('[redacted]'), Buffer.from([0xe2, 0x82])]),
    );
  });
});
