// The loopback address of a login: one answer with the right state, whatever else knocks (RFC 8252, sections 7.3 and 8).
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RefusedError } from '../../../src/base/errors.ts';
import type { RedirectOptions } from '../../../src/oauth/redirect.ts';
import { listenForRedirect } from '../../../src/oauth/redirect.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { serveHttp } from '../../support/loopback.ts';
import { rejection } from '../github/support.ts';

const STATE = 'c3RhdGUtdGhhdC1ub2JvZHktZ3Vlc3Nlcw';
const GOOD = `code=a1b2&state=${STATE}`;
const FIVE_MIN = 300_000;

async function listen(options: Partial<RedirectOptions> = {}) {
  const clock = createFakeClock();
  const ending = new AbortController();
  const { signal } = ending;
  const redirect = await listenForRedirect({ state: STATE, clock, signal, timeoutMs: FIVE_MIN, ...options });
  onTestFinished(() => redirect.close());
  const { host, port } = new URL(redirect.redirectUri);
  const asking = (query: string) => ask(`${redirect.redirectUri}?${query}`);
  return {
    redirect,
    clock,
    host,
    port: Number(port),
    asking,
    end: (reason: unknown) => ending.abort(reason),
  };
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One request as a browser would send it, or as none would. */
async function ask(
  url: string,
  options: { method?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const asked = request(url, { ...options, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Both ends of a connection that asks nothing. */
async function openSocket(port: number) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, closed: once(socket, 'close') };
}

describe('the one answer', () => {
  test('is the query with the right state, and its page waits for the result', async () => {
    const { redirect, asking } = await listen();
    expect(redirect.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    let isShown = false;
    const page = asking(GOOD).finally(() => {
      isShown = true;
    });
    expect(Object.fromEntries(await redirect.answer)).toEqual({ code: 'a1b2', state: STATE });
    expect(isShown).toBe(false);
    await redirect.finish('done', 'Go back to your client.');
    const { status, text } = await page;
    expect([status, text.includes('Approved'), text.includes('Go back to your client.')]).toEqual([
      200,
      true,
      true,
    ]);
  });

  test('may be an error of the server', async () => {
    const { redirect, asking } = await listen();
    const page = asking(`error=access_denied&state=${STATE}`);
    expect((await redirect.answer).get('error')).toBe('access_denied');
    await redirect.finish('failed', 'The login was denied.');
    expect(await page).toMatchObject({ status: 400 });
    expect((await page).text).toContain('Not logged in');
  });

  test('comes on the path and the port that were asked for', async () => {
    const free = Number(new URL(await serveHttp(() => {})).port);
    const taken = await rejection(listen({ port: free }));
    expect(taken).toBeInstanceOf(RefusedError);
    expect(taken).toMatchObject({ code: 'callback_port', message: expect.stringContaining(String(free)) });
    expect((taken as RefusedError).next).toContain('--oauth-callback-port (GITHUB_OAUTH_CALLBACK_PORT)');

    const first = await listen();
    await first.redirect.close();
    const { redirect, asking } = await listen({ port: first.port, path: '/back' });
    expect(redirect.redirectUri).toBe(`http://127.0.0.1:${first.port}/back`);
    void asking(GOOD);
    expect((await redirect.answer).get('code')).toBe('a1b2');
  });

  test('is on a page that takes nothing from elsewhere, runs nothing and is not kept', async () => {
    const { redirect, asking } = await listen();
    const page = asking(GOOD);
    await redirect.answer;
    await redirect.finish('failed', `<script>alert("1")</script> & 'more'`);
    const { headers, text } = await page;
    expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;');
    expect(text).not.toMatch(/<script|https?:|src=|href=|a1b2/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-[^']+'; /),
      connection: 'close',
    });
  });
});

describe('the login goes on after', () => {
  test.each<[string, number, string, Parameters<typeof ask>[1]]>([
    ['a wrong state', 400, `?code=evil&state=${STATE.replace('c', 'd')}`, {}],
    ['a state that is longer', 400, `?code=evil&state=${STATE}x`, {}],
    ['no state', 400, '?code=evil', {}],
    ['two states', 400, `?code=evil&state=${STATE}&state=${STATE}`, {}],
    ['an error without the state', 400, '?error=access_denied', {}],
    ['the state alone', 400, `?state=${STATE}`, {}],
    ['another path', 404, `/../callbackx?${GOOD}`, {}],
    ['a path below', 404, `/more?${GOOD}`, {}],
    ['an address in the place of a path', 404, '', { path: `http://127.0.0.1/callback?${GOOD}` }],
    ['a POST', 405, `?${GOOD}`, { method: 'POST' }],
    ['a HEAD', 405, `?${GOOD}`, { method: 'HEAD' }],
    ['a preflight', 405, `?${GOOD}`, { method: 'OPTIONS' }],
    ['a name that points here', 421, `?${GOOD}`, { headers: { host: 'evil.example' } }],
    ['another port in the name', 421, `?${GOOD}`, { headers: { host: '127.0.0.1:1' } }],
    ['localhost', 421, `?${GOOD}`, { headers: { host: 'localhost' } }],
    ['1 MB of headers', 431, `?${GOOD}`, { headers: { cookie: 'x'.repeat(1024 * 1024) } }],
    ['1 MB of address', 431, `?${GOOD}&more=${'x'.repeat(1024 * 1024)}`, {}],
  ])('%s (%i)', async (_what, status, suffix, options) => {
    const { redirect, asking } = await listen();
    const before = await ask(`${redirect.redirectUri}${suffix}`, options);
    expect(before.status).toBe(status);
    expect(before.text).not.toContain(STATE);
    const page = asking(`code=right&state=${STATE}`);
    expect((await redirect.answer).get('code')).toBe('right');
    await redirect.finish('done', 'Yes.');
    expect((await page).status).toBe(200);
  });

  test('something that is no HTTP', async () => {
    const { redirect, asking, port } = await listen();
    const { socket, closed } = await openSocket(port);
    socket.write('\x16\x03\x01\x02\x00\x01\n\n\n');
    socket.resume();
    await closed;
    void asking(GOOD);
    expect((await redirect.answer).get('code')).toBe('a1b2');
  });
});

test('a second answer is turned away, while the first is held and after it', async () => {
  const { redirect, asking } = await listen();
  const page = asking(GOOD);
  await redirect.answer;
  expect(await asking(`code=second&state=${STATE}`)).toMatchObject({ status: 410 });
  await redirect.finish('done', 'Yes.');
  expect(await asking(GOOD)).toMatchObject({ status: 410 });
  expect(await asking('code=second&state=guess')).toMatchObject({ status: 400 });
  expect((await page).status).toBe(200);
  expect((await redirect.answer).get('code')).toBe('a1b2');
});

describe('time', () => {
  test('is five minutes for the answer', async () => {
    const { redirect, clock, asking } = await listen();
    clock.advance(FIVE_MIN - 1);
    expect((await asking('state=wrong')).status).toBe(400);
    clock.advance(1);
    expect(await rejection(redirect.answer)).toMatchObject({
      code: 'expired_token',
      message: 'nobody approved the login within 5 min',
    });
    await redirect.close();
    expect(await rejection(asking(GOOD))).toMatchObject({ code: 'ECONNREFUSED' });
    expect(clock.pending()).toEqual([]);
  });

  test('of a browser that came back ends before the token is there', async () => {
    const { redirect, clock, asking } = await listen();
    const page = asking(GOOD);
    await redirect.answer;
    await clock.pass(30_000);
    expect(await page).toMatchObject({ status: 202 });
    await redirect.finish('done', 'Nobody reads this.');
  });

  test('of a connection that asks nothing, or not to the end, is ten seconds', async () => {
    const { redirect, clock, asking, port } = await listen();
    const [silent, slow] = [await openSocket(port), await openSocket(port)];
    slow.socket.write('GET /callback?code=a1b2&state=');
    // Both have been accepted once a later one is answered.
    await asking('state=wrong');
    await clock.pass(10_000);
    await Promise.all([silent.closed, slow.closed]);
    void asking(GOOD);
    expect((await redirect.answer).get('code')).toBe('a1b2');
  });

  test('of a held page is not that of a silent connection', async () => {
    const { redirect, clock, asking } = await listen();
    const page = asking(GOOD);
    await redirect.answer;
    clock.advance(29_999);
    await redirect.finish('done', 'Yes.');
    expect((await page).status).toBe(200);
  });

  test('is not spent on a browser that does not read', async () => {
    const { redirect, clock, port } = await listen();
    const { socket, closed } = await openSocket(port);
    socket.pause();
    socket.write(`GET /callback?${GOOD} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await redirect.answer;
    const finished = redirect.finish('done', 'x'.repeat(64 * 1024 * 1024));
    await clock.pass(1000);
    await finished;
    await redirect.close();
    socket.resume();
    await closed;
    // Far less than all of it: what the system had taken by then.
    expect(socket.bytesRead).toBeLessThan(32 * 1024 * 1024);
  });
});

describe('the end', () => {
  test('by the signal is told to who came back, and nobody is listened to after it', async () => {
    const { redirect, clock, asking, end, port } = await listen();
    const idle = await openSocket(port);
    const page = asking(GOOD);
    await redirect.answer;
    end(new Error('declined'));
    await redirect.close();
    expect(await page).toMatchObject({ status: 400 });
    await idle.closed;
    expect(clock.pending()).toEqual([]);
    expect(await rejection(asking(GOOD))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('by the signal is the reason of who waits', async () => {
    const { redirect, end } = await listen();
    const reason = new Error('declined');
    end(reason);
    expect(await rejection(redirect.answer)).toBe(reason);
  });

  test('by the signal before it began leaves nothing behind', async () => {
    const reason = new Error('declined');
    expect(await rejection(listen({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('by closing is an error for who waits', async () => {
    const { redirect } = await listen();
    await Promise.all([redirect.close(), redirect.close()]);
    expect(await rejection(redirect.answer)).toMatchObject({ code: 'login_ended' });
  });

  test('of the browser before its page is no problem', async () => {
    const { redirect, port, clock } = await listen();
    const { socket, closed } = await openSocket(port);
    socket.write(`GET /callback?${GOOD} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await redirect.answer;
    socket.destroy();
    await closed;
    const finished = redirect.finish('done', 'Yes.');
    await Promise.race([finished, clock.pass(1000).then(() => finished)]);
    expect(clock.pending()).toEqual([]);
  });
});
