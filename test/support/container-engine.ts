// A docker for a test: fixtures/servers/container-engine in PATH, with a context (its state) of its own.
// Not for: servers without a container (spawned.ts).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { serverCommand } from './spawned.ts';
import { tempDir } from './temp.ts';

export interface ContainerEngine {
  /** Its folder: `--context` of each call, and where `hold-rm` and `no-daemon` are put. */
  readonly context: string;
  /** The environment in which `docker` is this engine, and in which temporary files land in {@link temp}. */
  readonly env: { readonly PATH: string; readonly TMPDIR: string };
  /** For temporary files: nothing else is in it. */
  readonly temp: string;
  /** The arguments of each call, without the context; in their order. */
  calls(): string[][];
  /** The ids of the containers that are there. */
  containers(): string[];
}

export function createContainerEngine(): ContainerEngine {
  const context = tempDir();
  const temp = tempDir();
  const [place] = serverCommand('container-engine');
  const under = path.join(context, 'containers');
  const log = path.join(context, 'calls.jsonl');
  return {
    context,
    temp,
    env: { PATH: `${place}${path.delimiter}${process.env['PATH'] ?? ''}`, TMPDIR: temp },
    calls() {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
      return lines.map((line) => (JSON.parse(line) as string[]).slice(2));
    },
    containers: () => (existsSync(under) ? readdirSync(under) : []),
  };
}
