// Pins what ARCHITECTURE.md says of src/: which room may import which, no circles, small files, a light start.
// Not for: style, which the linters check.
import { readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { builtProxy } from './support/spawned.ts';

const src = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'src');

/** Each room with the rooms it may import from, itself left out (DESIGN 3). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  vault: ['base'],
  net: ['base'],
  github: ['base', 'wire', 'vault', 'net'],
  oauth: ['base', 'wire', 'vault', 'net'],
  auth: ['base', 'wire', 'vault', 'net', 'github', 'oauth'],
  upstream: ['base', 'wire'],
  session: ['base', 'wire', 'upstream', 'auth'],
  cli: ['base', 'wire', 'vault', 'net', 'github', 'oauth', 'auth', 'upstream', 'session'],
  '': ['base', 'auth', 'cli'],
};

/** All that a session may know of the ways to a token. */
const AUTH_INTERFACE = 'auth/token-source.ts';
const MOST_LINES = 300;

interface Import {
  /** As in `src`, such as `wire/frames.ts`; of a package its name, with `node:` where it is Node's own. */
  readonly target: string;
  /** `type`: gone when it runs. `later`: import(), which waits until it is needed. */
  readonly when: 'type' | 'start' | 'later';
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll(path.sep, '/'))
  .filter((name) => /\.[cm]?[jt]s$/.test(name))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(path.join(src, file), 'utf8')]));
const graph = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): Import[] {
  // Comments may quote imports; none of the strings here holds what looks like the beginning of a comment.
  const text = (texts.get(file) ?? '').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  const found: Import[] = [];
  for (const [, isType, name = ''] of text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm,
  ))
    found.push({ target: resolve(file, name), when: isType === undefined ? 'start' : 'type' });
  for (const [, name = ''] of text.matchAll(/\bimport\('([^']+)'\)/g))
    found.push({ target: resolve(file, name), when: 'later' });
  return found;
}

function resolve(from: string, name: string): string {
  return name.startsWith('.') ? path.posix.join(path.posix.dirname(from), name) : name;
}

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

/** Everything that is loaded before the first line of `entry` runs, packages included. */
function loadedWith(entry: string): Set<string> {
  const seen = new Set([entry]);
  for (const file of seen)
    for (const { target, when } of graph.get(file) ?? []) if (when === 'start') seen.add(target);
  return seen;
}

test('every import of src leads to a file that is there, to a package, or to Node', () => {
  const lost = files.flatMap((file) =>
    (graph.get(file) ?? [])
      .filter(({ target }) => /\.[cm]?[jt]s$/.test(target) && !graph.has(target) && !target.startsWith('@'))
      .map(({ target }) => `${file} → ${target}`),
  );
  expect(lost).toEqual([]);
  // Else the patterns above match nothing, and nothing below is proved.
  expect([...graph.values()].flat().length).toBeGreaterThan(files.length);
  expect([...graph.values()].flat().map(({ when }) => when)).toEqual(
    expect.arrayContaining(['type', 'start', 'later']),
  );
});

test('every folder of src is a room with a place in the import rule', () => {
  expect([...new Set(files.map(roomOf))].filter((room) => !(room in ALLOWED))).toEqual([]);
});

test.each(Object.entries(ALLOWED))('%o imports from %j only', (room, allowed) => {
  const wrong = files
    .filter((file) => roomOf(file) === room)
    .flatMap((file) =>
      (graph.get(file) ?? [])
        .filter(({ target }) => graph.has(target))
        .map(({ target }) => [file, target] as const),
    )
    .filter(([, target]) => roomOf(target) !== room && !allowed.includes(roomOf(target)));
  expect(wrong).toEqual([]);
});

test('of auth a session knows the interface alone', () => {
  const wrong = files
    .filter((file) => roomOf(file) === 'session')
    .flatMap((file) => (graph.get(file) ?? []).map(({ target }) => [file, target] as const))
    .filter(([, target]) => roomOf(target) === 'auth' && target !== AUTH_INTERFACE);
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others, not even for types', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (done.has(file) || way.includes(file)) return;
    for (const { target } of graph.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test(`no file has more than ${MOST_LINES} lines`, () => {
  const lines = files.map((file) => [file, (texts.get(file) ?? '').split('\n').length - 1] as const);
  expect(lines.filter(([, count]) => count > MOST_LINES)).toEqual([]);
});

test('every file begins with what it is for and what it is not', () => {
  expect(files.filter((file) => !openingOf(file).includes('Not for: '))).toEqual([]);
});

/** The comment that a file begins with, as one line; empty where there is none. */
function openingOf(file: string): string {
  const [, comment = ''] = /^(?:#!.*\n)?((?:\/\/ .*\n)+)/.exec(texts.get(file) ?? '') ?? [];
  return comment.replaceAll('\n// ', ' ');
}

describe('the start', () => {
  test('loads no package at all: no SDK, no schema library, no octokit (DESIGN 2.1)', () => {
    const packages = [...loadedWith('bin.ts')].filter((name) => !graph.has(name) && !isBuiltin(name));
    expect(packages).toEqual([]);
    expect([...loadedWith('bin.ts')]).toContain('session/driver.ts');
    // Milliseconds to load, and only a stored login needs it.
    expect([...loadedWith('bin.ts')]).not.toContain('node:crypto');
  });

  test('the built command does not either', () => {
    const dist = path.dirname(builtProxy());
    const all = readdirSync(path.join(dist, 'chunks')).map((name) =>
      readFileSync(path.join(dist, 'chunks', name), 'utf8'),
    );
    // The bundler names the file that each part came from.
    expect(all.join('')).toContain('// node_modules/@octokit');
    expect(loadedChunks(builtProxy())).not.toContain('// node_modules/');
  });
});

/** The text of a built file and of all that it imports when it starts. */
function loadedChunks(entry: string, seen = new Set<string>()): string {
  if (seen.has(entry)) return '';
  seen.add(entry);
  const text = readFileSync(entry, 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)[^'";]*["'](\.[^"']+)["']/gm)];
  return (
    text +
    imports.map(([, name = '']) => loadedChunks(path.resolve(path.dirname(entry), name), seen)).join('')
  );
}
