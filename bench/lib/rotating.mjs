// gh-mcp-proxy with tokens that live for a moment, so that it rotates by itself all the time, and the emulator that
// issues them. Not for: the load (callers.mjs) or the figures (pauses.mjs).
import { startGithub } from '../../fixtures/github/emulator.mjs';
import { proxied, TOKEN_UPSTREAM } from './contenders.mjs';
import { now } from './ledger.mjs';
import { logIn } from './login.mjs';
import { withClient } from './rounds.mjs';

/** @typedef {import('../../fixtures/github/emulator.mjs').GithubEmulator} GithubEmulator */
/** @typedef {'exclusive' | 'overlapping'} Kind whether a refresh kills the old token (DESIGN 2.4) */

/**
 * A session that is logged in.
 * @typedef {object} Rotating
 * @property {import('./client.mjs').Client} client
 * @property {import('./processes.mjs').Running} running
 * @property {GithubEmulator} github
 */

/** @type {readonly Kind[]} */
export const KINDS = ['exclusive', 'overlapping'];

const CLIENT_ID = 'Iv23liBENCH';

/**
 * In seconds. The renewal begins after half of it, or at the first idle moment after a quarter. What is left has to be
 * enough for a refresh and for the start of an upstream on a busy machine, or the token runs out under its server.
 */
const TOKEN_LIFETIME = 1.5;

/**
 * GitHub takes its time for a refresh and for a call of its API. It matters: while the refresh is under way calls are
 * held, or should not be, and a call that takes a while is one that a rotation finds at work.
 */
const REFRESH_MS = 100;
const API_MS = 20;

const TOKEN_PATH = '/login/oauth/access_token';

/**
 * @template T
 * @param {Kind} kind
 * @param {string} stateDir where the login is stored, as in daily use: each refresh is on the disk before it is used
 * @param {(session: Rotating) => Promise<T>} use
 * @param {readonly string[]} [node] options of Node for the proxy
 * @returns {Promise<T>} rejects where the proxy does not know such a rotation
 */
export async function rotating(kind, stateDir, use, node = []) {
  const github = await startGithub({
    interval: 0.01,
    now,
    clients: [
      {
        clientId: CLIENT_ID,
        kind: 'github-app',
        tokenLifetime: TOKEN_LIFETIME,
        refreshKeepsOld: kind === 'overlapping',
      },
    ],
  });
  const options = ['--oauth-client-id', CLIENT_ID, '--gh-host', github.url, '--log-level', 'error'];
  options.push('--store', 'file', '--state-dir', stateDir);
  // What GitHub App tokens are taken for unless it is said.
  if (kind !== 'exclusive') options.push('--rotation', kind);
  try {
    return await withClient(proxied(options, { upstream: TOKEN_UPSTREAM, node }), async (client, running) => {
      await client.initialize();
      await logIn(client, github);
      github.fault({ path: `POST ${TOKEN_PATH}`, kind: 'slow', delayMs: REFRESH_MS, times: Infinity });
      github.fault({ path: 'GET /api/v3/user', kind: 'slow', delayMs: API_MS, times: Infinity });
      return use({ client, running, github });
    });
  } finally {
    await github.close();
  }
}

/**
 * The refreshes that the emulator granted, in order: when it was asked and when it had answered, by {@link now}.
 * @param {GithubEmulator} github
 */
export function refreshesAt({ requests }) {
  return requests.flatMap(({ path, body, status, at, answeredAt }) =>
    path === TOKEN_PATH && body['grant_type'] === 'refresh_token' && status === 200 && answeredAt !== null
      ? [{ at, answeredAt }]
      : [],
  );
}

/**
 * Brings each server together with the refresh that it is there for: the last one before its first answer.
 * @param {readonly import('./callers.mjs').Server[]} servers
 * @param {ReturnType<typeof refreshesAt>} refreshes
 * @returns {{ from: number, to: number, refreshMs: number }[]} the rotations that every caller has seen the end of
 */
export function rotationsOf(servers, refreshes) {
  const rotations = [];
  let used = 0;
  for (const [index, { firstAt, everyoneAt }] of servers.entries()) {
    const granted = refreshes.findLastIndex(({ answeredAt }) => answeredAt <= firstAt) + 1;
    const refresh = refreshes[granted - 1];
    // Without one since the server before, it took the place of one that had crashed.
    const isRotation = index > 0 && granted > used;
    used = granted;
    if (!isRotation || refresh === undefined || everyoneAt === undefined) continue;
    rotations.push({ from: refresh.at, to: everyoneAt, refreshMs: refresh.answeredAt - refresh.at });
  }
  return rotations;
}
