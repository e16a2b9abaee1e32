// Random frames, spelt at random: what the scanner finds is what JSON.parse finds.
import { expect, test } from 'vitest';
import { scanHead } from '../../../src/wire/head.ts';
import type { Head } from '../../../src/wire/scanner.ts';
import { canonicalId, TopLevelScanner } from '../../../src/wire/scanner.ts';
import type { Random } from '../../support/random.ts';
import {
  bytewise,
  pieces,
  randomJson,
  randomText,
  seeded,
  spelt,
  speltString,
} from '../../support/random.ts';

const CASES = 3000;

/** A frame whose `id`, `method`, `result` and `error` may each be there or not, among others, in any order. */
function randomFrame(random: Random): { readonly text: string; readonly idText: string | undefined } {
  const members: [string, string][] = [];
  const value = (): string => spelt(random, randomJson(random, 4));
  const kind = random.pick(['method', 'result', 'error', 'none']);
  if (kind === 'method') members.push(['method', speltString(random, randomText(random))]);
  else if (kind !== 'none') members.push([kind, value()]);
  const idText =
    random.int(5) > 0
      ? random.pick(['0', '-1', '1.5', '9007199254740993', '1e3', speltString(random, randomText(random))])
      : undefined;
  if (idText !== undefined) members.push(['id', idText]);
  if (random.int(2) === 0) members.push(['jsonrpc', '"2.0"']);
  if (random.int(2) === 0) members.push(['params', value()]);
  if (random.int(3) === 0) members.push([`x${randomText(random)}`, value()]);
  const space = (): string => random.pick(['', '', ' ', '\t', '\r\n']);
  const body = random
    .shuffle(members)
    .map(([key, member]) => `${space()}${speltString(random, key)}${space()}:${space()}${member}${space()}`);
  return { text: `${space()}{${body.join(',')}${body.length === 0 ? space() : ''}}${space()}\n`, idText };
}

function expectSame(head: Head | undefined, text: string, idText: string | undefined): void {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  let outcome: string | undefined;
  if ('result' in parsed) outcome = 'result';
  else if ('error' in parsed) outcome = 'error';
  expect({ method: head?.method, outcome: head?.outcome, id: head?.id }).toEqual({
    method: parsed['method'],
    outcome,
    id: idText && canonicalId(idText),
  });
  // The id is not only the same text as before: it is the same value.
  expect(head?.id && (JSON.parse(head.id) as unknown)).toEqual(parsed['id']);
}

test.each([1, 20_000, 300_000])('frames of seed %i, whole, byte by byte and in random pieces', (seed) => {
  const random = seeded(seed);
  for (let index = 0; index < CASES / 3; index += 1) {
    const { text, idText } = randomFrame(random);
    const bytes = Buffer.from(text);
    expectSame(scanHead(bytes), text, idText);
    for (const parts of [[bytes], bytewise(bytes), pieces(random, bytes)]) {
      const scanner = new TopLevelScanner();
      for (const part of parts) scanner.feed(part);
      expect(scanner.broken).toBe(false);
      expectSame(scanner, text, idText);
    }
  }
});

test('a frame in the spelling of an SDK is read at a glance as it is by scanning', () => {
  const random = seeded(7);
  const make = [
    (id: string, value: string) => `{"jsonrpc":"2.0","id":${id},"result":${value}}`,
    (id: string, value: string) => `{"result":${value},"jsonrpc":"2.0","id":${id}}`,
    (id: string, value: string) => `{"error":${value},"jsonrpc":"2.0","id":${id}}`,
    (id: string, value: string) => `{"method":"tools/call","params":${value},"jsonrpc":"2.0","id":${id}}`,
    (_: string, value: string) => `{"method":"notifications/x","params":${value},"jsonrpc":"2.0"}`,
  ];
  for (let index = 0; index < CASES; index += 1) {
    const id = random.pick(['0', '17', '"a"', '-1', '1.0', JSON.stringify(randomText(random))]);
    const text = random.pick(make)(id, JSON.stringify(randomJson(random, 3)));
    const scanner = new TopLevelScanner();
    scanner.feed(Buffer.from(text));
    const { id: found, method, outcome } = scanHead(Buffer.from(`${text}\n`)) ?? {};
    expect({ text, found, method, outcome }).toEqual({
      text,
      found: scanner.id,
      method: scanner.method,
      outcome: scanner.outcome,
    });
  }
});

test('random damage never throws, and is found the same in whatever pieces it comes', () => {
  const random = seeded(11);
  for (let index = 0; index < CASES; index += 1) {
    const bytes = Buffer.from(randomFrame(random).text);
    bytes[random.int(bytes.length)] = random.pick([...Buffer.from('"\\{}[],: x0'), 0xff]);
    const [whole, apart] = [[bytes], pieces(random, bytes)].map((parts) => {
      const scanner = new TopLevelScanner();
      for (const part of parts) scanner.feed(part);
      const { id, method, outcome, broken } = scanner;
      return { id, method, outcome, broken };
    });
    expect({ text: bytes.toString(), ...apart }).toEqual({ text: bytes.toString(), ...whole });
  }
});
