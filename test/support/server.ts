// A program of fixtures/servers under a raw client, with no proxy between.
// Not for: the proxy's own tests (proxy.ts).
import { RawClient } from './raw-client.ts';
import { serverCommand, spawnInTest } from './spawned.ts';
import type { Surroundings } from './spawned.ts';

/**
 * Starts it; it ends with the test at the latest.
 * @param name such as `scripted.mjs`
 */
export function startServer(
  name: string,
  flags: readonly string[] = [],
  options: Surroundings = {},
): RawClient {
  return new RawClient(spawnInTest(serverCommand(name, ...flags), options));
}
