// The tarball that is published, installed as a user would: not the checkout.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

test('the tarball installs without any dependency and gives a working command', async () => {
  expect(inject('buildFailure')).toBe('');
  const dir = tempDir();
  const project = path.join(dir, 'project');
  await mkdir(project);
  await writeFile(path.join(project, 'package.json'), '{"private":true}');

  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], {
    cwd: root,
  });
  const [{ filename, files }] = JSON.parse(packed.stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  const names = files.map((file) => file.path);
  expect(names).toEqual(
    expect.arrayContaining(['dist/bin.js', 'dist/THIRD-PARTY-NOTICES.txt', 'LICENSE', 'README.md']),
  );
  expect(names.filter((name) => /^(src|test|fixtures|bench)\//.test(name))).toEqual([]);

  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', path.join(dir, filename)], {
    cwd: project,
  });
  expect(existsSync(path.join(project, 'node_modules/cross-spawn'))).toBe(false);
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const command = path.join(project, 'node_modules/.bin/gh-mcp-proxy');
  const { stdout } = await run(command, ['--version']);
  expect(stdout).toBe(`${manifest.version}\n`);
}, 60_000);
