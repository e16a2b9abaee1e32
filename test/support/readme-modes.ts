// The examples of README.md, "Ways to a token", and a machine on which they can be run as they stand: a shell with
// everything in PATH that they name. Not for: what is outside that machine (hosts, brokers, keys); that is the tests'.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { RawClient } from './raw-client.ts';
import { follow } from './command.ts';
import type { Ended } from './command.ts';
import { descendantsOf, readEnviron } from './processes.ts';
import { builtProxy, serverCommand, spawnInTest } from './spawned.ts';
import { tempDir } from './temp.ts';

const README = path.join(import.meta.dirname, '../../README.md');
const FIXTURES = path.join(import.meta.dirname, '../../fixtures');
const GITLAB_SERVER = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-gitlab/dist/index.js',
);

/** What runs as a server, or holds one: `docker run`, its container, and GitLab's own server. */
const SERVERS = /container-engine\.mjs\0--context\0[^\0]+\0run|scripted\.mjs|server-gitlab\/dist/;

/**
 * The command lines of the README by their modes.
 * @throws {Error} the block is not there, or is not pairs of a comment that begins with a mode and a line
 */
export function readExamples(): ReadonlyMap<string, string> {
  const section = /^## Ways to a token\n([^]*?)^## /m.exec(readFileSync(README, 'utf8'))?.[1] ?? '';
  const block = /^```sh\n([^]*?)^```$/m.exec(section)?.[1] ?? '';
  const examples = new Map<string, string>();
  const lines = block.split('\n').slice(0, -1);
  for (let at = 0; at < lines.length; at += 2) {
    const mode = /^# ([a-z-]+)(?:,|$)/.exec(lines[at] ?? '')?.[1];
    const line = lines[at + 1] ?? '';
    if (mode === undefined || examples.has(mode) || !line.includes(' -- '))
      throw new Error(`README.md has no example of its own in:\n${lines[at]}\n${line}`);
    examples.set(mode, line);
  }
  if (examples.size === 0) throw new Error('README.md has no block of examples in "Ways to a token"');
  return examples;
}

/** What takes the place of a text in an example. */
export type Replacement = readonly [text: string, by: string];

/**
 * The line with what stands for the outside world replaced, and nothing else.
 * @throws {Error} a text is not there, so that the README says something else than what is tested; or something is left
 *   that is not of this machine
 */
export function localised(line: string, replacements: readonly Replacement[]): string {
  let local = line;
  for (const [text, by] of replacements) {
    if (!local.includes(text)) throw new Error(`the example in README.md has no ${text}: ${line}`);
    local = local.replace(text, () => by);
  }
  if (/\.\.\.|https?:\/\/(?!127\.0\.0\.1:)/.test(local))
    throw new Error(`the example in README.md names something that the test has no stand-in for: ${line}`);
  return local;
}

export interface Machine {
  /** HOME, and the folder that commands run in: where an example finds its files. */
  readonly home: string;
  /** Puts an executable shell script into PATH. */
  readonly install: (name: string, script: string) => void;
  /** Begins a session with a line; its shell is what the client started. */
  readonly start: (line: string, env: Readonly<Record<string, string>>) => RawClient;
  /** Runs a line to its end. */
  readonly run: (line: string, env: Readonly<Record<string, string>>) => Promise<Ended>;
}

/**
 * A machine that lives as long as the test. In its PATH are gh-mcp-proxy, gh, a docker whose one image is a scripted
 * server, an npx that knows GitLab's, and a browser that opens nothing.
 */
export function createMachine(): Machine {
  const [home, bin] = [tempDir(), tempDir()];
  const install = (name: string, script: string): void =>
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  install('gh-mcp-proxy', `exec '${process.execPath}' '${builtProxy()}' "$@"`);
  install('gh', `exec '${path.join(FIXTURES, 'gh/bin/gh')}' "$@"`);
  install('xdg-open', ':');
  install(
    'docker',
    [
      'for word do',
      '  shift',
      '  [ "$word" = ghcr.io/github/github-mcp-server ] && word=scripted.mjs',
      '  set -- "$@" "$word"',
      'done',
      `exec ${serverCommand('container-engine.mjs')
        .map((word) => `'${word}'`)
        .join(' ')} --context '${tempDir()}' "$@"`,
    ].join('\n'),
  );
  install(
    'npx',
    [
      '[ "$*" = "-y @modelcontextprotocol/server-gitlab" ] || exit 1',
      `exec '${process.execPath}' '${GITLAB_SERVER}'`,
    ].join('\n'),
  );
  const spawned = (line: string, env: Readonly<Record<string, string>>) =>
    spawnInTest(['/bin/sh', '-c', line], {
      env: { PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`, ...env, HOME: home },
    });
  return {
    home,
    install,
    start: (line, env) => new RawClient(spawned(line, env)),
    run: (line, env) => {
      const { child, ended } = follow(spawned(line, env));
      child.stdin.end();
      return ended;
    },
  };
}

/** The environments that the servers of a session were started with: those that run now, their containers included. */
export function serverEnvironments(client: RawClient): Record<string, string>[] {
  const found = descendantsOf(client.pid).flatMap(environmentOfServer);
  if (found.length === 0) throw new Error(`no server runs:\n${client.transcript()}`);
  return found;
}

/** None where it is no server, or has ended meanwhile. */
function environmentOfServer(pid: number): Record<string, string>[] {
  try {
    return SERVERS.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ? [readEnviron(pid)] : [];
  } catch {
    return [];
  }
}
