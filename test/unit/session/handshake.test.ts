// The answer to initialize: the upstream's own with listChanged added in place, and one of our own (DESIGN 2.2).
// Not for: when which of them is given (login.test.ts, test/integration/locked-handshake.test.ts).
import { describe, expect, test } from 'vitest';
import { adoptAnswer, KNOWN_VERSIONS, madeUp, readHello } from '../../../src/session/handshake.ts';
import { initialState } from '../../../src/session/state.ts';
import { config } from './stepped.ts';

function helloOf(params: string) {
  const bytes = Buffer.from(`{"id":1,"method":"initialize"${params === '' ? '' : `,"params":${params}`}}\n`);
  return readHello({
    kind: 'request',
    id: '1',
    method: 'initialize',
    bytes,
    streaming: false,
  });
}

describe('what an upstream answers', () => {
  test.each([
    // Declared already: not a byte is touched, odd spaces and numbers included.
    [
      '{ "capabilities":{"tools":{ "listChanged" : true }},"x":1e400 }',
      '{ "capabilities":{"tools":{ "listChanged" : true }},"x":1e400 }',
    ],
    ['{"capabilities":{"tools":{}},"x":1.0}', '{"capabilities":{"tools":{"listChanged":true}},"x":1.0}'],
    [
      '{"capabilities":{"tools":{"listChanged":false,"y":12345678901234567890}}}',
      '{"capabilities":{"tools":{"listChanged":true,"y":12345678901234567890}}}',
    ],
    ['{"capabilities":{"logging":{}}}', '{"capabilities":{"tools":{"listChanged":true},"logging":{}}}'],
    ['{"protocolVersion":"x"}', '{"capabilities":{"tools":{"listChanged":true}},"protocolVersion":"x"}'],
  ])('%s becomes %s', (answer, expected) => {
    expect(adoptAnswer(Buffer.from(answer)).result).toBe(expected);
  });
});

describe('what a client declares', () => {
  test.each([
    ['{"elicitation":{}}', 'form'],
    ['{"elicitation":{"form":{}}}', 'form'],
    ['{"elicitation":{"url":{}}}', 'url'],
    ['{"elicitation":{"form":{},"url":{}}}', 'url'],
    ['{"elicitation":{"telepathy":{}}}', undefined],
    ['{"elicitation":null}', undefined],
    ['{"elicitation":true}', undefined],
    ['{}', undefined],
  ])('capabilities %s: elicitation %s', (capabilities, mode) => {
    expect(helloOf(`{"capabilities":${capabilities}}`).elicitation).toBe(mode);
  });

  test('its parameters are kept as they were written, for every generation', () => {
    const params = '{ "protocolVersion" : "2025-11-25", "x":9007199254740993 }';
    expect(helloOf(params)).toMatchObject({ params, protocolVersion: '2025-11-25' });
    expect(helloOf('')).toMatchObject({ params: '{}', protocolVersion: '' });
  });
});

const answerTo = (version: string) =>
  madeUp(helloOf(`{"protocolVersion":"${version}"}`), initialState(config));

describe('an answer of our own', () => {
  test.each(KNOWN_VERSIONS)('repeats the revision %s', (version) => {
    expect(answerTo(version).protocolVersion).toBe(version);
    expect(JSON.parse(answerTo(version).result)).toHaveProperty('protocolVersion', version);
  });

  test.each(['2026-07-28', '1.0', ''])('offers the newest one for "%s"', (version) => {
    expect(answerTo(version).protocolVersion).toBe('2025-11-25');
  });

  test('declares what an upstream may turn out to have, and says how to log in', () => {
    expect(JSON.parse(answerTo('2025-11-25').result)).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      serverInfo: { name: 'gh-mcp-proxy', version: '1.2.3' },
      instructions: expect.stringMatching(/github\.com.*auth_login/) as string,
    });
  });
});
