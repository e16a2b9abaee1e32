// The built command at a shell: run to its end, with its streams apart. Not for: sessions (proxy.ts), or a terminal
// (terminal.ts).
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { builtProxy, spawnInTest } from './spawned.ts';
import type { Surroundings } from './spawned.ts';
import { Transcript, Waits } from './transcript.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  /** What is on both streams so far. */
  text(): string;
  /** The match of `pattern` in what came on either stream, as soon as there is one. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `gh-mcp-proxy ARGS`; stdin stays open. It ends with the test at the latest. */
export function startCommand(args: readonly string[], options: Surroundings = {}): RunningCommand {
  return follow(spawnInTest([process.execPath, builtProxy(), ...args], options));
}

/** Runs `gh-mcp-proxy ARGS` to its end, with nothing on stdin. */
export function runCommand(args: readonly string[], options: Surroundings = {}): Promise<Ended> {
  const { child, ended } = startCommand(args, options);
  child.stdin.end();
  return ended;
}

/** A process whose output is collected and can be waited for. */
export function follow(child: ChildProcessWithoutNullStreams): RunningCommand {
  const transcript = new Transcript();
  const waits = new Waits(transcript);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
      transcript.add(name, piece.trimEnd());
      waits.arrived();
    });
  }
  // Writing to a process that has ended is seen by its end.
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...text });
      waits.ended(`the command ended (code ${code}, signal ${signal})`);
    });
  });
  const all = (): string => text.stdout + text.stderr;
  return {
    child,
    ended,
    text: all,
    waitFor: (pattern) => waits.until(pattern.source, () => pattern.exec(all()) ?? undefined),
  };
}
