// Small calls a second with many under way. Not for: the time of a single one (roundtrip.mjs).
import { echoFrame } from '../lib/client.mjs';
import { freshTurns } from '../lib/rounds.mjs';
import { ratioAtLeast, row } from '../lib/rows.mjs';

/** Calls under way at any time. */
const WINDOW = 256;

/** Calls before the clock starts. */
const WARM_UP = 10_000;

/** @param {import('../run.mjs').Context} context */
export async function throughput({ contenders, quick }) {
  const warmUp = requests(WARM_UP);
  const load = requests(quick ? 20_000 : 60_000);
  const outcomes = await freshTurns(contenders, quick ? 3 : 15, async (client) => {
    await pipelined(client, warmUp);
    const from = performance.now();
    await pipelined(client, load);
    return load.ends.length / (performance.now() - from);
  });
  return [
    row(`throughput: small calls, ${WINDOW} under way`, 'thousands/s', outcomes, {
      budget: ratioAtLeast(0.9),
    }),
  ];
}

/**
 * All requests in one buffer, so that the client only cuts slices while the clock runs.
 * @param {number} count
 */
function requests(count) {
  const frames = Array.from({ length: count }, (_, id) => echoFrame(id));
  let end = 0;
  const ends = Uint32Array.from(frames, (frame) => (end += frame.length));
  return { bytes: Buffer.from(frames.join(''), 'latin1'), ends };
}

/**
 * Sends every request, as many at once as replies came in one chunk.
 * @param {import('../lib/client.mjs').Client} client
 * @param {ReturnType<typeof requests>} load
 * @returns {Promise<true>}
 */
function pipelined(client, { bytes, ends }) {
  let sent = Math.min(WINDOW, ends.length);
  let answered = 0;
  return client.exchange([bytes.subarray(0, ends[sent - 1])], (chunk) => {
    if (chunk.includes('"error"')) throw new Error(`a call failed: ${chunk.toString('latin1', 0, 200)}`);
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) answered++;
    if (answered === ends.length) return true;
    const next = Math.min(answered + WINDOW, ends.length);
    if (next > sent) client.write(bytes.subarray(ends[sent - 1], ends[next - 1]));
    sent = next;
    return undefined;
  });
}
