// The upper rungs of the login ladder (DESIGN 2.3): URL and form elicitation, and each way a client may answer.
// Not for: text (login-text.test.ts), or what the SDK's client makes of it (login-sdk.test.ts).
import { expect, test } from 'vitest';
import { codeIn, loginOptions, openLocked, pollsOf } from '../support/login.ts';
import type { LoginOptions } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import type { Json, Message } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';

async function open(elicitation: Json, options: LoginOptions = {}) {
  const { github, client } = await openLocked(options, { elicitation });
  /** The next dialog, which stays open until it is answered. */
  const dialog = () =>
    client.nextMessage(({ method }) => method === 'elicitation/create', undefined, 'dialog');
  const reply = ({ id }: Message, answer: Json) => client.send({ jsonrpc: '2.0', id, ...answer });
  return { github, client, dialog, reply };
}

const ACCEPT = { result: { action: 'accept' } };

test.each([{ url: {} }, { form: {}, url: {} }])(
  'URL elicitation for %j: the bare address, the code in the message, and the end of it announced',
  async (elicitation) => {
    const { github, client, dialog, reply } = await open(elicitation);
    const call = client.callTool('auth_login');
    const shown = await dialog();
    const { message, ...params } = shown.params as { message: string };
    expect(params).toEqual({
      mode: 'url',
      elicitationId: expect.stringMatching(/./) as string,
      url: `${github.url}/login/device`,
    });
    const code = await github.waitForCode();
    expect(message).toContain(code);
    reply(shown, ACCEPT);
    github.approve(code);
    const complete = await client.nextNotification('notifications/elicitation/complete');
    expect(complete.params).toEqual({ elicitationId: shown.params?.['elicitationId'] });
    expect(toolText(await call)).toMatch(
      /^Logged in as octocat \(127\.0\.0\.1:\d+\), expires \d{4}-\d\d-\d\d \d\d:\d\d UTC\b/,
    );
  },
);

test.each([{}, { form: {} }])(
  'form elicitation for %j: address and code in the message, one boolean field',
  async (elicitation) => {
    const { github, client, dialog, reply } = await open(elicitation);
    const call = client.callTool('auth_login');
    const shown = await dialog();
    const code = await github.waitForCode();
    expect(shown.params?.['message']).toContain(`${github.url}/login/device`);
    expect(shown.params?.['message']).toContain(code);
    // A client of 2025-06-18 knows no modes: the field is left out, which means a form.
    expect(shown.params).not.toHaveProperty('mode');
    const schema = shown.params?.['requestedSchema'] as { type: string; properties: Record<string, Json> };
    expect(schema.type).toBe('object');
    expect(Object.values(schema.properties)).toEqual([expect.objectContaining({ type: 'boolean' })]);
    expect(schema).not.toHaveProperty('required');
    reply(shown, { result: { action: 'accept', content: { done: true } } });
    github.approve(code);
    expect(toolText(await call)).toContain('Logged in as octocat');
    expect(client.messages.map(({ method }) => method)).not.toContain('notifications/elicitation/complete');
  },
);

test.each(['decline', 'cancel'])('%s ends the call and the flow at once: polling stops', async (action) => {
  const { github, client, dialog, reply } = await open({ url: {} });
  const call = client.callTool('auth_login');
  const shown = await dialog();
  const { body } = await github.waitForRequest((request) => pollsOf(github).includes(request));
  reply(shown, { result: { action } });
  const answer = await call;
  expect(answer.result).toHaveProperty('isError', true);
  expect(toolText(answer)).toContain(action === 'decline' ? 'declined' : 'cancelled');
  expect(toolText(answer)).toContain('auth_login');

  // While somebody else is polling, this flow would have been due several times.
  const since = github.requests.length;
  const neighbour = startProxy(loginOptions(github));
  await neighbour.initialize();
  await neighbour.callTool('auth_login');
  const old = body['device_code'];
  await github.waitForRequest(() => pollsOf(github).length - pollsOf(github, old).length > 3);
  const later = github.requests.slice(since + 1).filter((request) => pollsOf(github, old).includes(request));
  expect(later).toEqual([]);
});

test.each([
  ['the same code, which other windows may show as well', 'auto', true],
  ['a new code', 'memory', false],
])('after a login that was declined the next call brings %s (--store %s)', async (_, store, isSame) => {
  const { github, client, dialog, reply } = await open({ form: {} }, { args: ['--store', store] });
  const call = client.callTool('get_me');
  const first = await dialog();
  reply(first, { result: { action: 'decline' } });
  await call;
  const again = client.callTool('get_me');
  const second = await dialog();
  const code = codeIn(String(second.params?.['message']));
  expect(code === codeIn(String(first.params?.['message']))).toBe(isSame);
  expect(second.id).not.toBe(first.id);
  github.approve(code);
  expect(toolText(await again)).toBe('{"login":"octocat"}');
});

test.each([
  ['an error', { error: { code: -32601, message: 'Method not found' } }],
  ['no result that makes sense', { result: { action: 'shrug' } }],
  ['nothing at all', { result: null }],
])('a client that answers its dialog with %s gets text, and the flow goes on', async (_, answer) => {
  const { github, client, dialog, reply } = await open({});
  const call = client.callTool('auth_login');
  const shown = await dialog();
  reply(shown, answer);
  const text = toolText(await call);
  expect(text).toContain(`${github.url}/login/device`);
  expect(codeIn(text)).toBe(codeIn(String(shown.params?.['message'])));
  github.approve(codeIn(text));
  expect(toolText(await client.callTool('auth_login'))).toContain('Logged in as octocat');
});

test('a dialog that nobody answers is taken back when the login is done', async () => {
  const { github, client, dialog } = await open({ url: {} });
  const call = client.callTool('auth_login');
  const shown = await dialog();
  github.approve(await github.waitForCode());
  const cancelled = await client.nextNotification('notifications/cancelled');
  expect(cancelled.params).toMatchObject({ requestId: shown.id });
  await client.nextNotification('notifications/elicitation/complete');
  expect(toolText(await call)).toContain('Logged in as octocat');
});

test('an answer to the dialog that crosses with the end of the login does no harm', async () => {
  const { github, client, dialog, reply } = await open({});
  const call = client.callTool('auth_login');
  const shown = await dialog();
  github.approve(await github.waitForCode());
  expect(toolText(await call)).toContain('Logged in as octocat');
  reply(shown, { result: { action: 'decline' } });
  expect(toolText(await client.callTool('auth_login'))).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});

test('a dialog is taken back when its code expires; the next call shows a new one', async () => {
  const { github, client, dialog } = await open({ form: {} });
  const call = client.callTool('get_me');
  const shown = await dialog();
  github.expireCode(await github.waitForCode());
  expect(toolText(await call)).toBe(
    'The code expired before anybody entered it. Call auth_login again for a new code.',
  );
  const cancelled = await client.nextNotification('notifications/cancelled');
  expect(cancelled.params).toMatchObject({ requestId: shown.id });
  const again = client.callTool('get_me');
  const next = await dialog();
  expect(codeIn(String(next.params?.['message']))).not.toBe(codeIn(String(shown.params?.['message'])));
  github.approve(await github.waitForCode());
  expect(toolText(await again)).toBe('{"login":"octocat"}');
});
