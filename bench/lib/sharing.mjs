// Many gh-mcp-proxies on one state directory, logged in once, and the emulator whose short-lived tokens they share.
// Not for: the load (callers.mjs), or one proxy alone (rotating.mjs).
import { startGithub } from '../../fixtures/github/emulator.mjs';
import { Client } from './client.mjs';
import { proxied, TOKEN_UPSTREAM } from './contenders.mjs';
import { now } from './ledger.mjs';
import { logIn } from './login.mjs';
import { end, launch } from './processes.mjs';

/** @typedef {import('../../fixtures/github/emulator.mjs').GithubEmulator} GithubEmulator */

const CLIENT_ID = 'Iv23liBENCH';

/** GitHub takes its time for a refresh: so long the old token is dead, and nobody has the new one. */
const REFRESH_MS = 100;

const TOKEN_PATH = '/login/oauth/access_token';

/** So many start at once: all of them would only wait for each other. */
const AT_ONCE = 5;

/**
 * Starts `count` proxies of one person, the first of which has logged in.
 * @template T
 * @param {number} count
 * @param {string} stateDir
 * @param {number} lifetime of a token once all are there, in seconds
 * @param {(clients: Client[], github: GithubEmulator) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function sharing(count, stateDir, lifetime, use) {
  const github = await startGithub({
    interval: 0.01,
    now,
    clients: [{ clientId: CLIENT_ID, kind: 'github-app', tokenLifetime: 4 * lifetime }],
  });
  const argv = proxied(
    `--oauth-client-id ${CLIENT_ID} --gh-host ${github.url} --log-level error --store file`
      .split(' ')
      .concat('--state-dir', stateDir),
    { upstream: TOKEN_UPSTREAM },
  );
  /** @type {import('./processes.mjs').Running[]} */
  const running = [];
  const open = async () => {
    const one = launch(argv);
    running.push(one);
    const client = new Client(one);
    await client.initialize();
    return client;
  };
  try {
    const first = await open();
    await logIn(first, github);
    const clients = [first];
    while (clients.length < count) {
      const batch = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, open);
      clients.push(...(await Promise.all(batch)));
    }
    for (const client of clients) await client.call('ask', {});
    github.fault({ path: `POST ${TOKEN_PATH}`, kind: 'late', delayMs: REFRESH_MS, times: Infinity });
    github.setTokenLifetime(CLIENT_ID, lifetime);
    return await use(clients, github);
  } finally {
    await Promise.all(running.map(end));
    await github.close();
  }
}
