// Where a failure of the token is looked for in an answer: in error messages and in the texts of results with isError.
// Not for: which texts say so (unit/github/auth-failure.test.ts), or what follows (refused-token.test.ts).
import { expect, test } from 'vitest';
import { authFailureText } from '../../../src/session/auth-failure.ts';
import { readFrame } from '../../../src/wire/message.ts';
import type { Json } from '../../support/messages.ts';

const rule = { hints: [''], patterns: [/401 Unauthorized/, /token expired/] };
const DEAD = 'GitLab: 401 Unauthorized';
const text = (value: string): Json => ({ type: 'text', text: value });

function found(answer: Json): string | undefined {
  const frame = readFrame(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer })));
  if (frame.kind !== 'response') throw new Error(`not a response: ${frame.kind}`);
  return authFailureText(frame, rule);
}

test.each<[string, Json]>([
  ['the message of an error', { error: { code: 0, message: DEAD } }],
  ['the text of a failed result', { result: { isError: true, content: [text(DEAD)] } }],
  ['any text of several', { result: { content: [text('Sorry.'), text(DEAD)], isError: true } }],
])('%s is looked at', (_, answer) => {
  expect(found(answer)).toBe(DEAD);
});

test.each<[string, Json]>([
  ['a result', { result: { content: [text(DEAD)] } }],
  ['a result that says it is none', { result: { content: [text(DEAD)], isError: false } }],
  ['a result that speaks of the key', { result: { content: [text(`"isError":true ${DEAD}`)] } }],
  ['a result whose isError is a text', { result: { content: [text(DEAD)], isError: 'true' } }],
  ['an isError further in', { result: { content: [text(DEAD)], structuredContent: { isError: true } } }],
  ['the data of an error', { error: { code: 0, message: 'no', data: { text: DEAD } } }],
  [
    'the name of a resource',
    { result: { isError: true, content: [{ type: 'resource', resource: { text: DEAD } }] } },
  ],
  ['a result beside an error', { result: { isError: true }, error: { code: 0, message: 403 } }],
  ['the ninth text', { result: { isError: true, content: [...Array(8).fill(text('Sorry.')), text(DEAD)] } }],
  ['content that is no list', { result: { isError: true, content: DEAD } }],
])('%s is not', (_, answer) => {
  expect(found(answer)).toBeUndefined();
});
