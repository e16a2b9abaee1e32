// The built command under a raw client, in an environment of its own. Build: build.ts, once a run.
// Not for: the servers behind it alone (spawnServer in server.ts), or a real client (sdk-client.ts).
import { RawClient } from './raw-client.ts';
import { builtProxy, spawnInTest } from './spawned.ts';
import type { Surroundings } from './spawned.ts';

export interface ProxyOptions extends Surroundings {
  /** Options of gh-mcp-proxy, before the `--`. */
  readonly args?: readonly string[];
  /** The upstream's command, after the `--`; without it there is no `--` either. See serverCommand. */
  readonly command?: readonly string[];
}

/** The whole command line: node, dist/bin.js, options, `--`, upstream. */
export function proxyCommand({ args = [], command }: ProxyOptions): [string, ...string[]] {
  return [process.execPath, builtProxy(), ...args, ...(command ? ['--', ...command] : [])];
}

/** Starts it; it and everything it started end with the test at the latest. */
export function startProxy(options: ProxyOptions): RawClient {
  return new RawClient(spawnInTest(proxyCommand(options), options));
}
