// One real login before the benchmark, so that gh-mcp-proxy finds a stored credential and starts unlocked.
// Not for: measuring a login, which waits for a person most of the time.
import { startGithub } from '../fixtures/github/emulator.mjs';
import { proxied } from './lib/contenders.mjs';
import { logIn } from './lib/login.mjs';
import { withClient } from './lib/rounds.mjs';

const CLIENT_ID = 'Iv23liBENCH';

/**
 * Logs in at the emulator, leaves the credential in `stateDir`, and takes the emulator down: a start with a usable
 * credential needs no network.
 * @param {string} stateDir
 * @returns {Promise<import('./lib/contenders.mjs').Contender>} gh-mcp-proxy as a contender
 */
export async function prepareOurs(stateDir) {
  const github = await startGithub({
    interval: 0.01,
    clients: [{ clientId: CLIENT_ID, kind: 'github-app' }],
  });
  try {
    const common = ['--oauth-client-id', CLIENT_ID, '--gh-host', github.url, '--log-level', 'error'];
    const argv = proxied([...common, '--store', 'file', '--state-dir', stateDir]);
    await withClient(argv, async (client) => {
      await client.initialize();
      await logIn(client, github);
      await client.checkEcho();
    });
    return { name: 'ours', argv, locked: proxied([...common, '--store', 'memory']) };
  } finally {
    await github.close();
  }
}
