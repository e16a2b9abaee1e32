// What goes to which stream, when it is coloured, and how a person is asked. Not for: what is said.
import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { showPrompt } from '../../../src/cli/login-screen.ts';
import { confirm, createScreen, done, failure, notice } from '../../../src/cli/screen.ts';
import type { Streams } from '../../../src/cli/screen.ts';

const PROMPT = {
  verificationUri: 'https://github.com/login/device',
  userCode: 'WDJB-MJHT',
  expiresAt: Date.UTC(2030, 0, 1),
};

interface Terminals {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
}

function open({ stdin = true, stdout = true, stderr = true, columns = 100, env = {} }: Terminals = {}) {
  const keyboard = new PassThrough();
  const out = collector();
  const err = collector();
  const streams: Streams = {
    stdin: Object.assign(keyboard, { isTTY: stdin }),
    stdout: Object.assign(out.stream, { isTTY: stdout, columns }),
    stderr: Object.assign(err.stream, { isTTY: stderr, columns }),
  };
  const screen = createScreen(streams, { TERM: 'xterm', ...env });
  return { screen, type: (text: string) => keyboard.write(text), keyboard, out: out.text, err: err.text };
}

function collector() {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      text += chunk.toString();
      callback();
    },
  });
  return { stream, text: () => text };
}

function fullDisk(): Writable {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  return new Writable({ write: (_chunk, _encoding, callback) => callback(error) });
}

const never = new AbortController().signal;

test('results go to stdout, all else to stderr', async () => {
  const { screen, out, err } = open();
  await screen.result.line('the token');
  await screen.say.line('what was done');
  expect([out(), err()]).toEqual(['the token\n', 'what was done\n']);
});

test.each([
  ['a terminal', {}, true],
  ['no terminal', { stderr: false }, false],
  ['NO_COLOR', { env: { NO_COLOR: '1' } }, false],
  ['NO_COLOR set to nothing', { env: { NO_COLOR: '' } }, true],
  ['a dumb terminal', { env: { TERM: 'dumb' } }, false],
] as const)('%s: colour is used or left out', (_, terminals, isColoured) => {
  const { say } = open(terminals).screen;
  const marks = [done(say, 'a'), notice(say, 'b'), failure(say, 'c'), say.styled('bold', 'd')];
  const coloured = [
    '\u001b[32m✓\u001b[0m a',
    '\u001b[33m!\u001b[0m b',
    '\u001b[31mX\u001b[0m c',
    '\u001b[1md\u001b[0m',
  ];
  expect(marks).toEqual(isColoured ? coloured : ['✓ a', '! b', 'X c', 'd']);
});

test('each stream is judged by itself: a file never gets colours', () => {
  const { screen } = open({ stdout: false });
  expect(screen.result.styled('bold', 'x')).toBe('x');
  expect(screen.say.styled('bold', 'x')).toBe('\u001b[1mx\u001b[0m');
});

test.each([
  ['y\n', true],
  ['Yes \r\n', true],
  ['\n', false],
  ['n\n', false],
  ['yesterday\n', false],
])('%j is an answer', async (typed, answer) => {
  const { screen, type, err } = open();
  const asked = confirm(screen, 'Log octocat out?', never);
  type(typed.slice(0, 1));
  type(typed.slice(1));
  expect(await asked).toBe(answer);
  expect(err()).toContain('Log octocat out? (y/N) ');
});

test('the end of input is a no, and so is an input that fails', async () => {
  const { screen, keyboard } = open();
  const asked = confirm(screen, 'Sure?', never);
  keyboard.end();
  expect(await asked).toBe(false);
  const broken = new Readable({ read: () => {} });
  const { stdout, stderr } = process;
  const other = createScreen({ stdin: broken, stdout, stderr }, {});
  const line = other.readLine(never);
  broken.destroy(new Error('gone'));
  expect(await line).toBe('');
});

test('a question that is cancelled listens no more', async () => {
  const { screen, keyboard } = open();
  const cancel = new AbortController();
  const asked = confirm(screen, 'Sure?', cancel.signal);
  cancel.abort(new Error('cancelled'));
  await expect(asked).rejects.toThrow('cancelled');
  await expect(screen.readLine(cancel.signal)).rejects.toThrow('cancelled');
  expect(keyboard.listenerCount('data')).toBe(0);
});

test('nobody can be asked unless stdin and stderr are terminals', () => {
  expect(open().screen.isInteractive).toBe(true);
  expect(open({ stdout: false }).screen.isInteractive).toBe(true);
  expect(open({ stdin: false }).screen.isInteractive).toBe(false);
  expect(open({ stderr: false }).screen.isInteractive).toBe(false);
});

test('a reader that has gone away is no failure', async () => {
  const { stdin, stderr } = process;
  const stdout = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('EPIPE')) });
  await createScreen({ stdin, stdout, stderr }, {}).result.line('x');
  expect(stdout.destroyed).toBe(true);
});

test('a result that does not fit on the disk is a failure; words that do not are none', async () => {
  const { result, say } = createScreen({ stdin: process.stdin, stdout: fullDisk(), stderr: fullDisk() }, {});
  await say.line('x');
  await expect(result.line('x')).rejects.toThrow(/^the output could not be written: ENOSPC/);
});

test('on a desktop: a QR code, the code, and Enter opens the page', async () => {
  const { screen, type, err } = open({ env: { NO_COLOR: '1' } });
  const opened: string[] = [];
  const shown = showPrompt(PROMPT, { screen, openPage: (url) => opened.push(url), signal: never });
  await untilWritten(() => err().includes('Press Enter'));
  const lines = err().split('\n');
  expect(lines.at(-2)).toBe('! First copy your one-time code: WDJB-MJHT');
  expect(lines.at(-1)).toBe('Press Enter to open https://github.com/login/device in your browser... ');
  // Version 3 has 25 to 29 modules a side with its border, two to a line of text.
  expect(lines.slice(0, -2).every((line) => /^[ █▀▄]{25,33}$/.test(line))).toBe(true);
  expect(opened).toEqual([]);
  type('\n');
  await shown;
  expect(opened).toEqual([PROMPT.verificationUri]);
});

test('the QR code is drawn light on dark, whatever colours the terminal has', async () => {
  const { screen, err } = open();
  await showPrompt(PROMPT, { screen, openPage: undefined, signal: never });
  const drawn = err()
    .split('\n')
    .filter((line) => line.includes('█'));
  expect(drawn.length).toBeGreaterThan(12);
  expect(drawn.every((line) => line.startsWith('\u001b[97;40m') && line.endsWith('\u001b[0m'))).toBe(true);
});

test.each([
  ['a narrow terminal', { columns: 20 }],
  ['a terminal that shows letters only', { env: { TERM: 'dumb' } }],
  ['the console of Linux, whose font lacks the blocks', { env: { TERM: 'linux' } }],
  ['no terminal', { stdin: false, stderr: false }],
] as const)('%s: two plain lines, no QR code', async (_, terminals) => {
  const { screen, err } = open({
    ...terminals,
    env: { NO_COLOR: '1', ...('env' in terminals && terminals.env) },
  });
  await showPrompt(PROMPT, { screen, openPage: undefined, signal: never });
  expect(err()).toBe(
    '! First copy your one-time code: WDJB-MJHT\n' +
      'Open this URL to continue in your web browser: https://github.com/login/device\n',
  );
});

test('without a terminal a page that is to be opened anyhow is opened at once', async () => {
  const { screen } = open({ stdin: false });
  const opened: string[] = [];
  await showPrompt(PROMPT, { screen, openPage: (url) => opened.push(url), signal: never });
  expect(opened).toEqual([PROMPT.verificationUri]);
});

test('once the login is through, Enter is waited for no more', async () => {
  const { screen, err } = open();
  const through = new AbortController();
  const opened: string[] = [];
  const shown = showPrompt(PROMPT, { screen, openPage: (url) => opened.push(url), signal: through.signal });
  await untilWritten(() => err().includes('Press Enter'));
  through.abort(new Error('through'));
  await shown;
  expect(opened).toEqual([]);
  expect(err().endsWith('... \n')).toBe(true);
});

/** The code is drawn by a module that is loaded when it is needed. */
async function untilWritten(isWritten: () => boolean): Promise<void> {
  while (!isWritten()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
