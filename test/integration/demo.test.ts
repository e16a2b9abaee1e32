// `npm run demo` as a machine runs it: every step by itself, an honest exit code, nothing left behind.
// Not for: the terminal's side of it (a person at the page, Enter, Ctrl-C typed), beyond the choice of colours.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createScreen } from '../../fixtures/demo/screen.mjs';
import { descendantsOf, waitUntilGone } from '../support/processes.ts';
import { builtProxy, spawnInTest } from '../support/spawned.ts';
import { filesUnder, tempDir } from '../support/temp.ts';

const demo = fileURLToPath(new URL('../../fixtures/demo/demo.mjs', import.meta.url));

/** The person's own settings, which must not get into the play. */
const PERSONAL = {
  GITHUB_TOKEN: 'ghp_0123456789abcdefghijklmnopqrstuvwxyz',
  GITHUB_HOST: 'github.example',
  GITHUB_OAUTH_CLIENT_ID: 'Iv23liSOMEBODYELSE',
  GH_MCP_PROXY_TOKEN_ENV: 'OTHER_TOKEN',
  GH_MCP_PROXY_BEFORE_LOGIN: 'auth-only',
};

/** Starts the demo with its three streams as pipes. */
function startDemo(): {
  child: ChildProcessWithoutNullStreams;
  home: string;
  output: () => string;
  shows: (text: string) => Promise<void>;
  exitCode: () => Promise<unknown>;
} {
  builtProxy();
  const home = tempDir();
  const child = spawnInTest([process.execPath, demo], { env: { ...PERSONAL, HOME: home, TMPDIR: home } });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    child,
    home,
    output: () => output,
    async shows(text) {
      while (!output.includes(text)) {
        const [code] = await Promise.race([once(child.stdout, 'data').then(() => []), closed]);
        if (code !== undefined) throw new Error(`it ended without "${text}":\n${output}`);
      }
    },
    exitCode: async () => (await closed)[0],
  };
}

/** What is written to a terminal, or to a pipe. */
function printed(isTTY: boolean, env: NodeJS.ProcessEnv): string {
  const output = Object.assign(new PassThrough(), { isTTY });
  onTestFinished(() => void output.destroy());
  createScreen(output, env).check(true, 'as it should be');
  return String(output.read());
}

describe('the demo without a terminal', () => {
  it('plays every step by itself and finds each as it should be, in under 15 s', async () => {
    const started = performance.now();
    const run = startDemo();
    const exitCode = await run.exitCode();
    expect(performance.now() - started).toBeLessThan(15_000);

    const output = run.output();
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
    for (const line of [
      /^1 {2}.*\n(?:.*\n)*? {3}27 tools: auth_login, /m,
      /Ask the person to open[\s|]+http:\/\/127\.0\.0\.1:\d+\/login\/device/,
      /^ {3}code {6}[A-Z0-9]{4}-[A-Z0-9]{4}$/m,
      /POST \/login\/device\/confirmation 200/,
      /<- notifications\/tools\/list_changed\n(?:.*\n)*? {3}26 tools: create_or_update_file/,
      /Logged in as octocat/,
      /octocat\/Hello-World, hubot\/Hello-World/,
      /issue 2: It says hello now/,
      /^ +\d+ by generation 3 \(process \d+\) with token 2$/m,
      /ok the token was refreshed once/,
      /401 {2}generation 3, token 2\n.*200 {2}generation 4, token 3/,
      /it is logged in from the start: no second code/,
      /it has taken over token 4, which the first one got: one refresh for both/,
      /octocat.*\n(?:.*\n)*? {3}ok it knows the login, and shows no token/,
      /ok the token is revoked: GitHub accepts none any more/,
      /ok both windows have heard of it, and list auth_login again/,
      /ok processes left: 0 of \d+ \(2 proxies and \d+ servers\)/,
      /ok calls: \d+ made, 0 lost/,
      /ok tokens: 4 issued, 1 by the login, 3 by refreshes/,
      /ok tokens in what the clients saw and in the proxies' stderr: 0 /,
      /every step was as it should be\.\n$/,
    ])
      expect(output).toMatch(line);
    expect(output).not.toMatch(/gh[opru]_\w/);
    expect(output).not.toContain('\u001B');
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    await waitUntilGone(`HOME=${run.home}`, 1000);
    expect(filesUnder(run.home)).toEqual([]);
  });

  it('leaves nothing running when it is interrupted in the middle', async () => {
    const run = startDemo();
    await run.shows('6  The token runs out');
    run.child.kill('SIGINT');
    expect(await run.exitCode()).toBe(130);
    expect(run.output()).not.toContain('Failed');
    await waitUntilGone(`HOME=${run.home}`, 1000);
    expect(filesUnder(run.home)).toEqual([]);
  });

  it('fails, says why and cleans up when the proxy dies', async () => {
    const run = startDemo();
    await run.shows('6  The token runs out');
    const [proxy] = descendantsOf(run.child.pid ?? -1);
    if (proxy === undefined) throw new Error('the demo runs no proxy');
    process.kill(proxy, 'SIGKILL');
    expect(await run.exitCode()).toBe(1);
    expect(run.output()).toMatch(/Failed: the proxy ended \(SIGKILL\)/);
    expect(run.output()).not.toContain('every step was as it should be');
    await waitUntilGone(`HOME=${run.home}`, 2000);
    expect(filesUnder(run.home)).toEqual([]);
  });
});

describe('the colours of the demo', () => {
  it('are for terminals only, and not where the person wants none (no-color.org)', () => {
    expect(printed(true, {})).toContain('\u001B[32mok \u001B[0m');
    expect(printed(true, { NO_COLOR: '' })).toContain('\u001B');
    expect(printed(true, { NO_COLOR: '1' })).toBe('   ok as it should be\n');
    expect(printed(true, { TERM: 'dumb' })).toBe('   ok as it should be\n');
    expect(printed(false, {})).toBe('   ok as it should be\n');
  });
});
