// The same sharing over a real state directory: what holds in memory holds with files, locks and watchers.
// Each source has a vault of its own, as each process has.
import { statSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CLIENT_IDS, startGithub } from '../../../fixtures/github/emulator.mjs';
import { createDeviceSource } from '../../../src/auth/device.ts';
import type { Credential, LoginPrompt } from '../../../src/auth/token-source.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { openVault } from '../../../src/vault/open.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { promised } from '../../support/promised.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted } from '../github/support.ts';

async function setUp() {
  const clock = createHurriedClock();
  const github = await startGithub({ now: () => clock.now(), interval: 0.004 });
  onTestFinished(() => github.close());
  const stateDir = tempDir();
  const log = createTestLog();
  const open = async () =>
    createDeviceSource({
      host: parseGithubHost(github.url),
      clientId: CLIENT_IDS.githubApp,
      scopes: [],
      profile: 'default',
      vault: await openVault({ store: 'file', stateDir, passphrase: undefined, log, clock }),
      clock,
      log,
    });
  const logIn = async (source: Awaited<ReturnType<typeof open>>) => {
    const [shown, show] = promised<LoginPrompt>();
    const outcome = source.login({ scopes: [], onPrompt: show }, neverAborted);
    return { outcome, shown: await shown };
  };
  return { github, stateDir, log, open, logIn };
}

test('ten windows: one code, one credential, one refresh each time, one end', async () => {
  const { github, stateDir, log, open, logIn } = await setUp();
  const windows = await Promise.all(Array.from({ length: 10 }, open));
  const logins = await Promise.all(windows.slice(0, 3).map(logIn));
  const codes = new Set(logins.map(({ shown }) => shown.userCode));
  expect(codes.size).toBe(1);
  github.approve([...codes][0] ?? '');
  const credentials = await Promise.all(logins.map(({ outcome }) => outcome));
  expect(new Set(credentials.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);

  let [stale] = credentials as [Credential];
  for (const expected of [1, 2, 3]) {
    const fresh = await Promise.all(windows.map((source) => source.refresh(stale, neverAborted)));
    expect(new Set(fresh.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
    expect(github.requests.filter(({ body }) => body['grant_type'] === 'refresh_token')).toHaveLength(
      expected,
    );
    [stale] = fresh as [Credential];
  }
  expect(github.liveTokens()).toEqual([stale.accessToken.reveal()]);

  const told = windows.slice(1).map((source) => {
    const [news, tell] = promised<Credential | undefined>();
    onTestFinished(source.watch(tell));
    return news;
  });
  await windows[0]?.logout(stale, neverAborted);
  expect(await Promise.all(told)).toEqual(told.map(() => undefined));

  const files = filesUnder(stateDir);
  expect(files.map((file) => statSync(file).mode & 0o777)).toEqual(files.map(() => 0o600));
  expect(files.filter((file) => /lock|login/.test(path.basename(file)))).toEqual([]);
  assertNoSecrets({ dirs: [stateDir], buffers: { log: log.lines.join('\n') }, secrets: github.secrets() });
});
