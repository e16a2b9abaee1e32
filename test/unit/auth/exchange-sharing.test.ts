// One exchange for all windows, never two at once: each spends the refresh token that the broker has at the service that
// it stands for (FACTS, Brokers).
import { expect, test } from 'vitest';
import type { Credential } from '../../../src/auth/token-source.ts';
import { rejection } from '../github/support.ts';
import type { Window } from './exchange-windows.ts';
import { openBroker } from './exchange-windows.ts';

async function withWindows(count: number) {
  const world = await openBroker({ upstreamMs: 30 });
  const windows = Array.from({ length: count }, () => world.open());
  return { ...world, windows };
}

async function loaded({ source }: Window): Promise<Credential> {
  const credential = await source.load();
  if (!credential) throw new Error('no token');
  return credential;
}

test('windows that start at once make one exchange', async () => {
  const { broker, github, windows, outcomes, token } = await withWindows(8);
  broker.consent('octocat');
  const credentials = await Promise.all(windows.map(loaded));
  expect(outcomes()).toEqual(['granted']);
  expect(new Set(credentials.map(token))).toEqual(new Set(github.liveTokens()));
});

test('windows whose token is due make one exchange', async () => {
  const world = await withWindows(6);
  const { broker, github, windows, outcomes, refresh, token } = world;
  broker.consent('octocat');
  const credentials = await Promise.all(windows.map(loaded));
  const renewed = await Promise.all(
    credentials.map((credential, number) => refresh(windows[number] ?? world.open(), credential)),
  );
  expect(outcomes()).toEqual(['granted', 'granted']);
  expect(new Set(renewed.map(token))).toEqual(new Set(github.liveTokens()));
  expect(broker.overlaps()).toBe(0);
});

test('one that is killed in the middle leaves the exchange to the others', async () => {
  const { broker, memory, windows, token } = await withWindows(2);
  const [one, two] = windows;
  broker.consent('octocat');
  const write = memory.hold('write');
  void one?.source.load();
  await write.reached;
  one?.kill();
  write.open();
  const credential = two && (await loaded(two));
  expect(credential && token(credential)).toBe(broker.handedOut.at(-1));
});

test('one that is killed while the broker works is not followed by another exchange before that is through', async () => {
  const { broker, windows, token } = await withWindows(2);
  const [one, two] = windows;
  broker.consent('octocat');
  void one?.source.load();
  await broker.waitForRequest(({ path }) => path === '/oauth/token');
  one?.kill();
  const credential = two && (await loaded(two));
  expect(credential && token(credential)).toBe(broker.handedOut.at(-1));
  expect([broker.handedOut.length, broker.overlaps()]).toEqual([2, 0]);
});

test('a page that one window shows is shown by the others, and brings them all one token', async () => {
  const { broker, windows, startLogin, decide, token } = await withWindows(3);
  const logins = [];
  for (const window of windows) {
    const login = startLogin(window);
    await login.prompt();
    logins.push(login);
  }
  const pages = logins.map(({ prompts }) => prompts[0]?.verificationUri);
  expect(new Set(pages).size).toBe(1);
  await decide(pages[0] ?? '');
  const credentials = await Promise.all(logins.map(({ outcome }) => outcome));
  expect(new Set(credentials.map(token))).toEqual(new Set(broker.handedOut));
  expect(broker.overlaps()).toBe(0);
});

test('while a page waits for a person, a window that starts asks nobody', async () => {
  const { broker, windows, open, startLogin, outcomes } = await withWindows(1);
  const login = windows[0] && startLogin(windows[0]);
  await login?.prompt();
  broker.consent('octocat');
  const before = outcomes().length;
  const error = await rejection(open().source.load());
  expect(error).toMatchObject({ code: 'consent_required' });
  const asked = outcomes().slice(before);
  // What was asked meanwhile was asked by the window with the page.
  expect(asked.filter((outcome) => outcome === 'consent_required')).toEqual([]);
  expect(await login?.outcome).toMatchObject({ login: 'octocat' });
  expect(broker.handedOut).toHaveLength(1);
});

test.each(['killed', 'closed'])(
  'a page that is left of a window that was %s keeps nobody from a token',
  async (how) => {
    const { broker, windows, open, startLogin, memory, token } = await withWindows(1);
    const [one] = windows;
    if (!one) throw new Error('no window');
    const login = startLogin(one);
    await login.prompt();
    if (how === 'killed') one.kill();
    else {
      login.close();
      await rejection(login.outcome);
    }
    expect([memory.flows.size, memory.isLocked('login')]).toEqual([1, false]);
    broker.consent('octocat');
    expect(token(await loaded(open()))).toBe(broker.handedOut.at(-1));
  },
);

test('the page of a window that is killed is shown anew by another one, which goes on', async () => {
  const { broker, windows, startLogin, decide, outcomes } = await withWindows(2);
  const [one, two] = windows;
  if (!one || !two) throw new Error('no windows');
  await startLogin(one).prompt();
  const second = startLogin(two);
  await second.prompt();
  one.kill();
  const after = outcomes().length;
  await broker.waitForExchange('consent_required', after + 3);
  await decide(second.prompts.at(-1)?.verificationUri ?? '');
  expect(await second.outcome).toMatchObject({ login: 'octocat' });
  expect(broker.overlaps()).toBe(0);
});

test('a renewal and the exchange of a login never meet', async () => {
  const { broker, windows, startLogin, refresh, github, token } = await withWindows(2);
  const [one, two] = windows;
  if (!one || !two) throw new Error('no windows');
  broker.consent('octocat');
  const first = await loaded(two);
  const login = startLogin(one, { scopes: ['gist'], known: first });
  const renewed = await refresh(two, first);
  const credential = await login.outcome;
  expect(broker.overlaps()).toBe(0);
  expect([token(renewed), token(credential)]).toContain(github.liveTokens()[0]);
  expect(github.liveTokens()).toHaveLength(1);
});

test('nor do those of logins with other scopes, or with another subject token of the same person', async () => {
  const { broker, open, outcomes } = await withWindows(0);
  broker.consent('octocat');
  const ownSubject = { 'subject-token-file': [], 'subject-token-env': ['SUBJECT'] };
  await Promise.all([
    loaded(open({ 'exchange-scopes': ['repo'] })),
    loaded(open({ 'exchange-scopes': ['gist'] })),
    loaded(open(ownSubject, { SUBJECT: broker.subjectToken('octocat') })),
  ]);
  expect([broker.overlaps(), outcomes()]).toEqual([0, ['granted', 'granted', 'granted']]);
});

test('nor do they in one process whose vault is shared with nobody', async () => {
  const { broker, open, startLogin, refresh } = await withWindows(0);
  broker.consent('octocat');
  const window = open({}, {}, { isShared: false });
  const first = await loaded(window);
  const login = startLogin(window, { scopes: ['gist'], known: first });
  await Promise.all([refresh(window, first), login.outcome]);
  expect(broker.overlaps()).toBe(0);
  expect(broker.handedOut).toHaveLength(3);
});
