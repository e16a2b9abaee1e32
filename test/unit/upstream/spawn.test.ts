import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError, UserError } from '../../../src/base/errors.ts';
import { describeSpawnFailure, spawnUpstream } from '../../../src/upstream/spawn.ts';
import { runningIn } from './processes.ts';

const directory = mkdtempSync(join(tmpdir(), 'spawn-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

const env = { PATH: process.env['PATH'] ?? '', TOKEN: 'ghu_hidden' };

async function failure(command: string[], cwd?: string): Promise<UserError> {
  const error: unknown = await spawnUpstream({ command, env, ...(cwd === undefined ? {} : { cwd }) }).then(
    () => 'it started',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const told = error as UserError;
  expect(told.next).not.toBe('');
  expect(`${told.message} ${told.next} ${String(told.cause)}`).not.toContain('ghu_hidden');
  return told;
}

function file(name: string, content: string, mode: number): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('spawnUpstream', () => {
  it('gives exactly the environment and directory it was told, and misses no output', async () => {
    const code = 'console.log(JSON.stringify([process.env, process.cwd()]))';
    const child = await spawnUpstream({ command: [process.execPath, '-e', code], env, cwd: '/' });
    const output = text(child.stdout);
    const [code0] = (await once(child, 'close')) as [number];
    expect(code0).toBe(0);
    const [seen, cwd] = JSON.parse(await output) as [Record<string, string>, string];
    expect(seen).toMatchObject(env);
    expect(Object.keys(seen).filter((name) => !(name in env) && !name.startsWith('__'))).toEqual([]);
    expect(cwd).toBe('/');
  });

  it.skipIf(process.platform === 'win32')('makes the child the leader of its own group', async () => {
    const child = await spawnUpstream({ command: [process.execPath, '-e', 'process.stdin.resume()'], env });
    expect(runningIn(child.pid ?? 0)).toEqual([child.pid]);
    child.stdin.end();
    await once(child, 'close');
  });

  it('passes arguments untouched', async () => {
    const odd = ['a b', '"', '$HOME', '', '*', '%PATH%'];
    const child = await spawnUpstream({
      command: [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...odd],
      env,
    });
    expect(JSON.parse(await text(child.stdout))).toEqual(odd);
  });

  it('says that there is no command', async () => {
    await expect(spawnUpstream({ command: [], env })).rejects.toBeInstanceOf(UsageError);
    await expect(spawnUpstream({ command: [''], env })).rejects.toBeInstanceOf(UsageError);
  });

  it('says that a command is not in PATH', async () => {
    const error = await failure(['no-such-command-here', '--secret=hidden']);
    expect(error.message).toBe('cannot start "no-such-command-here": no such command in PATH');
  });

  it('says that a file does not exist', async () => {
    expect((await failure(['./no/such/file'])).message).toContain('no such file');
  });

  it('says that a whole command line is one word, and shows only its first word', async () => {
    const error = await failure(['docker run -e X=hidden image']);
    expect(error.message).toContain('"docker ..."');
    expect(error.message).not.toContain('hidden');
  });

  it('says that a directory does not exist, rather than the command', async () => {
    const error = await failure([process.execPath], join(directory, 'nowhere'));
    expect(error.message).toContain('no such directory');
  });

  it.skipIf(process.platform === 'win32')('says that a file is not executable', async () => {
    const error = await failure([file('plain.js', 'x', 0o644)]);
    expect(error.message).toContain('not an executable file');
    expect(error.next).toContain('chmod +x');
  });

  it.skipIf(process.platform === 'win32')('says that an interpreter is missing', async () => {
    const error = await failure([file('script', '#!/no/such/interpreter\n', 0o755)]);
    expect(error.message).toContain('interpreter');
  });

  it('does not repeat a value that Node refuses, which may be the token', async () => {
    const command = [process.execPath];
    const error: unknown = await spawnUpstream({ command, env: { TOKEN: 'ghu_hidden\0' } }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toContain('NUL');
    expect((error as UserError).message).not.toContain('ghu_hidden');
    expect((error as UserError).cause).toBeUndefined();
  });
});

describe('describeSpawnFailure', () => {
  it.each(['E2BIG', 'EAGAIN', 'EMFILE', 'ENOMEM', 'EPERM'])('tells what to do about %s', (code) => {
    const error = describeSpawnFailure(Object.assign(new Error(`spawn x ${code}`), { code }), ['x']);
    expect(error.message).toContain('cannot start "x"');
    expect(error.next).not.toBe('');
  });
});
