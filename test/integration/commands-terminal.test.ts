// `gh-mcp-proxy login` on a terminal: the QR code, Enter, the questions, Ctrl-C, colour. Needs script(1) of util-linux.
// Not for: what is done without a terminal (commands-login.test.ts).
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CODE_PATH, startTestGithub } from '../support/login.ts';
import { runCommand } from '../support/command.ts';
import { loginArgs, logInAtShell } from '../support/shell-login.ts';
import { noTerminal, openTerminal } from '../support/terminal.ts';
import { tempDir } from '../support/temp.ts';

/** A desktop whose browser only notes what it is asked to open. */
function desktop() {
  const bin = tempDir();
  const opened = path.join(bin, 'opened');
  writeFileSync(
    path.join(bin, 'xdg-open'),
    '#!/bin/sh\nprintf \'%s\\n\' "$@" >> "$(dirname "$0")/opened"\n',
    {
      mode: 0o755,
    },
  );
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DISPLAY: ':0' };
  return { env, opened: () => (existsSync(opened) ? readFileSync(opened, 'utf8') : '') };
}

describe.skipIf(noTerminal !== '')('on a terminal', () => {
  test('with a desktop: Enter opens the page', async () => {
    const github = await startTestGithub();
    const { env, opened } = desktop();
    // Not "auto": tests may run in a container, which counts as no desktop.
    const args = [...loginArgs(github, tempDir()), '--open-browser', 'always'];
    const terminal = openTerminal(args, { env: { ...env, NO_COLOR: '1' } });
    const code = await github.waitForCode();
    await terminal.waitFor(/Press Enter to open http.*\/login\/device in your browser\.\.\. $/);
    expect(terminal.text()).toContain(`! First copy your one-time code: ${code}\r\n`);
    expect(opened()).toBe('');
    terminal.type('\n');
    await github.waitForRequest(({ path: at }) => at.startsWith('/login/oauth'));
    github.approve(code);
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.text()).toMatch(/✓ Authentication complete\.\r\n✓ Logged in as octocat\r\n/);
    expect(opened()).toBe(`${github.url}/login/device\n`);
  });

  test('a login that goes through before anybody presses Enter opens nothing', async () => {
    const github = await startTestGithub();
    const { env, opened } = desktop();
    const args = [...loginArgs(github, tempDir()), '--open-browser', 'always'];
    const terminal = openTerminal(args, { env });
    const code = await github.waitForCode();
    await terminal.waitFor(/in your browser\.\.\. $/);
    github.approve(code);
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(opened()).toBe('');
  });

  test('without a desktop: a QR code and the address, and nothing to press', async () => {
    const github = await startTestGithub();
    const terminal = openTerminal([...loginArgs(github, tempDir()), '--open-browser', 'never']);
    const code = await github.waitForCode();
    await terminal.waitFor(/Open this URL.* to continue in your web browser: http/);
    expect(terminal.text()).toContain(`\u001b[97;40m${'█'.repeat(20)}`);
    expect(terminal.text()).not.toContain('Press Enter');
    github.approve(code);
    expect(await terminal.ended).toMatchObject({ code: 0 });
  });

  test('on a narrow terminal there is no QR code', async () => {
    const github = await startTestGithub();
    const args = [...loginArgs(github, tempDir()), '--open-browser', 'never'];
    const terminal = openTerminal(args, { columns: 24 });
    github.approve(await github.waitForCode());
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.text()).not.toContain('█');
  });

  test.each([
    ['colours', {}, true],
    ['none with NO_COLOR', { NO_COLOR: '1' }, false],
  ] as const)('status has %s', async (_, env, isColoured) => {
    const github = await startTestGithub();
    const stateDir = tempDir();
    await logInAtShell(github, stateDir);
    const terminal = openTerminal(['status', '--state-dir', stateDir], { env });
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.text().includes('\u001b[32m✓\u001b[0m Logged in to')).toBe(isColoured);
    expect(terminal.text().includes('\u001b')).toBe(isColoured);
  });

  test('a token is printed on a terminal, too', async () => {
    const github = await startTestGithub();
    const stateDir = tempDir();
    await logInAtShell(github, stateDir);
    const terminal = openTerminal(['token', '--state-dir', stateDir]);
    expect(await terminal.ended).toMatchObject({ code: 0 });
    expect(terminal.text()).toBe(`${github.liveTokens()[0]}\r\n`);
  });

  test('Ctrl-C: exit code 2, "cancelled", and the code can still be used', async () => {
    const github = await startTestGithub();
    const stateDir = tempDir();
    const terminal = openTerminal(loginArgs(github, stateDir));
    const code = await github.waitForCode();
    await terminal.waitFor(/one-time code/);
    terminal.type('\x03');
    expect(await terminal.ended).toMatchObject({ code: 2 });
    expect(terminal.text()).toContain('gh-mcp-proxy: cancelled\r\n');
    expect(github.pendingCodes()).toEqual([code]);
  });

  test.each([
    ['y', 'hubot', 0],
    ['n', 'octocat', 1],
  ])('another account under the same profile: "%s" leaves %s', async (answer, account, exitCode) => {
    const github = await startTestGithub();
    const stateDir = tempDir();
    await logInAtShell(github, stateDir);
    const terminal = openTerminal([...loginArgs(github, stateDir), '--force'], { env: { NO_COLOR: '1' } });
    github.approve(await github.waitForCode(), 'hubot');
    await terminal.waitFor(
      /\? The profile default is logged in as octocat, and this login is hubot\. .*\(y\/N\) $/,
    );
    terminal.type(`${answer}\n`);
    expect(await terminal.ended).toMatchObject({ code: exitCode });
    const { stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
    expect(JSON.parse(stdout)).toMatchObject({ logins: [{ account, usable: true }] });
  });

  test.each([
    ['y', 0],
    ['', 1],
  ])('a profile that goes to another host: asked before there is a code ("%s")', async (answer, exitCode) => {
    const [first, second] = [await startTestGithub(), await startTestGithub()];
    const stateDir = tempDir();
    await logInAtShell(first, stateDir);
    const terminal = openTerminal(loginArgs(second, stateDir), { env: { NO_COLOR: '1' } });
    await terminal.waitFor(
      /\? The profile default is logged in to 127\.\S+ account octocat\. Log out there.*\(y\/N\) $/,
    );
    expect(second.count(CODE_PATH)).toBe(0);
    terminal.type(`${answer}\n`);
    if (exitCode === 0) second.approve(await second.waitForCode(), 'hubot');
    expect(await terminal.ended).toMatchObject({ code: exitCode });
    const { stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
    const { host, account } =
      exitCode === 0 ? { host: second.url, account: 'hubot' } : { host: first.url, account: 'octocat' };
    expect(JSON.parse(stdout)).toMatchObject({ logins: [{ host, account }] });
  });
});

beforeAll(() => {
  if (noTerminal !== '') process.stderr.write(`the tests on a terminal are skipped: ${noTerminal}\n`);
});
