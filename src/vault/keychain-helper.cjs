// One question to the operating system's keychain, in a process of its own: the library's calls block the thread that
// makes them, some without end (a D-Bus that does not answer, a dialog that nobody sees), and node does not exit while
// one is under way. This process can be killed. Plain CommonJS, copied into dist/ as it is: that starts 20 ms faster.
// Not for: what the key is for. Question on stdin, answer on stdout, both JSON; the key is in no argument.
'use strict';

const fs = require('node:fs');

/** Should the one who asked be gone and nobody kill us: the library waits in other threads, so this timer fires. */
const LONGEST_MS = 10_000;

/** @typedef {{ service: string, account: string, value?: string }} Question with `value`: stored where there is none */

/**
 * @param {Question} question
 * @returns {Promise<string | null>} what is stored
 */
async function answer({ service, account, value }) {
  const { AsyncEntry } = require('@napi-rs/keyring');
  // Pinned: without this the library falls back to the kernel's keyring, which is empty after a restart.
  const entry = new AsyncEntry(service, account, { linux: { store: 'secret-service' } });
  const stored = await entry.getPassword();
  if (stored !== null || value === undefined) return stored;
  await entry.setPassword(value);
  // Read again: what counts is what others will find.
  return entry.getPassword();
}

setTimeout(() => process.kill(process.pid, 'SIGKILL'), LONGEST_MS);
answer(JSON.parse(fs.readFileSync(0, 'utf8'))).then(
  (value) => say({ value }),
  (error) => say({ code: error.code, error: String(error.message) }),
);

/** @param {object} what */
function say(what) {
  fs.writeSync(1, JSON.stringify(what));
  process.exit(0);
}
