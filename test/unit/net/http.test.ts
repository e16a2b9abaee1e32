// One request: its limits in time and size, and errors that a person can act on and that give nothing away.
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { UnreachableError } from '../../../src/base/errors.ts';
import { createHttp, requestJson } from '../../../src/net/http.ts';
import { unreachable } from '../../../src/net/network-error.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { serveHttp } from '../../support/loopback.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

const DATE = expect.any(String) as unknown;
const SECRET = 'ghr_thisIsSentAndNeverShown0123456789';
const http = createHttp(systemClock);

const request = (origin: string) => ({
  method: 'POST' as const,
  url: `${origin}/login/oauth/access_token`,
  headers: { authorization: `Bearer ${SECRET}` },
  body: `refresh_token=${SECRET}`,
});

test('sends what it was given, says who it is, and reads JSON', async () => {
  const origin = await serveHttp((incoming, response) => {
    const { authorization, accept, 'user-agent': agent } = incoming.headers;
    response.end(JSON.stringify({ method: incoming.method, authorization, accept, agent }));
  });
  expect(await requestJson(http, request(origin), neverAborted)).toEqual({
    status: 200,
    date: DATE,
    data: {
      method: 'POST',
      authorization: `Bearer ${SECRET}`,
      accept: 'application/json',
      agent: 'gh-mcp-proxy/0.0.0-test',
    },
  });
});

test.each([
  [401, '{"message":"Bad credentials"}', { message: 'Bad credentials' }],
  [404, '<html>Not Found</html>', undefined],
])('a %i is an answer, with JSON or without', async (status, body, data) => {
  const origin = await serveHttp((_, response) => response.writeHead(status).end(body));
  expect(await requestJson(http, request(origin), neverAborted)).toEqual({ status, date: DATE, data });
});

test.each([202, 204])('a %i may have nothing to tell', async (status) => {
  const origin = await serveHttp((_, response) => response.writeHead(status).end());
  expect(await requestJson(http, request(origin), neverAborted)).toEqual({
    status,
    date: DATE,
    data: undefined,
  });
});

test.each(['', 'OK', '<html>'])('a 200 with %j is enough where its status says all', async (body) => {
  const origin = await serveHttp((_, response) => response.end(body));
  const asked = { ...request(origin), isStatusEnough: true };
  expect(await requestJson(http, asked, neverAborted)).toEqual({ status: 200, date: DATE, data: undefined });
});

describe('no usable answer is an UnreachableError that says why:', () => {
  test.each<[string, RequestListener, RegExp]>([
    ['5xx', (_, response) => response.writeHead(503).end('{}'), /HTTP 503/],
    ['429', (_, response) => response.writeHead(429).end('{}'), /HTTP 429/],
    ['HTML with 200', (_, response) => response.end(`<html>${SECRET}</html>`), /not JSON/],
    ['an empty body', (_, response) => response.end(), /not JSON/],
    [
      'too large a body',
      (_, response) => response.end(`"${SECRET.repeat(40_000)}"`),
      /more than 1048576 bytes/,
    ],
    [
      'a cut connection',
      (incoming) => incoming.socket.destroy(),
      /cannot reach .* \(UND_ERR_SOCKET\)|ECONNRESET/,
    ],
    [
      'nonsense on the wire',
      (incoming) => incoming.socket.end(`${SECRET}\r\n\r\n`),
      /cannot reach .* \(HPE_/,
    ],
  ])('%s', async (_name, answer, why) => {
    const origin = await serveHttp(answer);
    const error = await rejection(requestJson(http, request(origin), neverAborted));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ message: expect.stringMatching(why) as string });
    expect((error as UnreachableError).next).not.toBe('');
    assertHarmless(error, [SECRET]);
  });

  test('a redirect, which is not followed', async () => {
    const asked: (string | undefined)[] = [];
    const other = await serveHttp((incoming, response) => {
      asked.push(incoming.url);
      response.end('{}');
    });
    const origin = await serveHttp((_, response) =>
      response.writeHead(307, { location: `${other}/stolen` }).end(),
    );
    const error = await rejection(requestJson(http, request(origin), neverAborted));
    expect(error).toMatchObject({ message: expect.stringContaining('redirects elsewhere') as string });
    assertHarmless(error, [SECRET]);
    expect(asked).toEqual([]);
  });

  test('nobody listening', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const origin = `http://127.0.0.1:${port}`;
    const error = await rejection(requestJson(http, request(origin), neverAborted));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ message: `cannot reach ${origin} (ECONNREFUSED)` });
    assertHarmless(error, [SECRET]);
  });

  test('silence, once the time is up', async () => {
    const clock = createFakeClock();
    const origin = await serveHttp(() => clock.advance(10_000));
    const error = await rejection(requestJson(createHttp(clock), request(origin), neverAborted));
    expect(error).toMatchObject({ message: `${origin} did not answer within 10 s` });
  });

  test('a body that never ends, once the time is up', async () => {
    const clock = createFakeClock();
    const origin = await serveHttp((_, response) => {
      response.write('{"slow":', () => clock.advance(10_000));
    });
    const error = await rejection(requestJson(createHttp(clock), request(origin), neverAborted));
    expect(error).toMatchObject({ message: `${origin} did not answer within 10 s` });
    expect(clock.pending()).toEqual([]);
  });
});

test('an abort rejects at once with its own reason', async () => {
  const controller = new AbortController();
  const reason = new Error('the person said no');
  const origin = await serveHttp(() => controller.abort(reason));
  expect(await rejection(requestJson(http, request(origin), controller.signal))).toBe(reason);
  expect(await rejection(requestJson(http, request(origin), controller.signal))).toBe(reason);
});

/** As `fetch` throws it. */
const thrownWith = (cause: unknown): Error => new TypeError('fetch failed', { cause });
const coded = (code: string): Error => Object.assign(new Error('x'), { code });

describe('what Node says of a failed connection becomes a step to take:', () => {
  test.each([
    ['ENOTFOUND', /--gh-host.*HTTPS_PROXY/],
    ['ECONNREFUSED', /HTTPS_PROXY/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /NODE_EXTRA_CA_CERTS/],
    ['CERT_HAS_EXPIRED', /clock/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /--gh-host/],
  ])('%s', (code, step) => {
    const error = unreachable('https://github.com', thrownWith(coded(code)), '--gh-host (GITHUB_HOST)');
    expect(error.message).toBe(`cannot reach https://github.com (${code})`);
    expect(error.next).toMatch(step);
  });

  test('several addresses tried in vain', () => {
    const error = unreachable(
      'https://github.com',
      thrownWith(new AggregateError([coded('ETIMEDOUT')])),
      '--gh-host (GITHUB_HOST)',
    );
    expect(error.message).toBe('cannot reach https://github.com (ETIMEDOUT)');
  });

  test('no code at all', () => {
    expect(unreachable('https://github.com', 'odd', '--gh-host').message).toBe(
      'cannot reach https://github.com',
    );
  });
});
