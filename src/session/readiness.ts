// The handshake of a generation: its answer to the client's own initialize, adopted, or compared and hidden; then it
// is ready and what waited goes to it (DESIGN 2.5). Not for: what happens to one that fails it (loss.ts).
import { dig, parse } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { locate } from '../wire/splice.ts';
import type { Told } from './client-side.ts';
import { log } from './events.ts';
import type { Step } from './events.ts';
import { announceChanges, release, takeOver, tell } from './generations.ts';
import { adoptAnswer, described, KNOWN_VERSIONS } from './handshake.ts';
import { rejectGeneration } from './loss.ts';
import { answer, hold, waitingAt } from './pending.ts';
import { loggedInText, toolResult } from './replies.ts';
import { privateId, replay } from './replay.ts';
import { lastsUntil, startingOf } from './selectors.ts';
import { PLACEHOLDER } from './state.ts';
import type { Starting, State } from './state.ts';

/** A later generation has this long for its handshake; the first may have to be downloaded. In ms. */
const SLOWEST_START = 60_000;

/** An answer to a request of the proxy's own; only that to `initialize` matters. */
export function onPrivateAnswer(step: Step, generation: number, frame: ResponseFrame): void {
  const starting = startingOf(step.state, generation);
  if (!starting || frame.id !== privateId('initialize', generation)) return;
  const range = locate(frame.bytes, [frame.outcome]);
  if (!range) return;
  const value = frame.bytes.subarray(range.start, range.end);
  if (frame.outcome === 'error') onRefusedHandshake(step, starting, value);
  else if (starting.ending) {
    // Its last words answer the client; nothing can be sent to it any more.
    if (!step.state.client.told) tell(step, adoptAnswer(value));
  } else if (!step.state.client.told) {
    tell(step, adoptAnswer(value));
    becomeReady(step, starting, new Set());
  } else compare(step, starting, step.state.client.told, value);
}

/**
 * The upstream will not shake hands. Its own words go to the client, where the client still waits for them; but not
 * those of one that had no token: a login may mend that.
 */
function onRefusedHandshake(step: Step, starting: Starting, error: Buffer): void {
  const text = error.toString('utf8');
  if (starting.serial !== PLACEHOLDER) {
    for (const pending of waitingAt(step.state, 'handshake'))
      answer(step, pending, Buffer.from(`{"jsonrpc":"2.0","id":${pending.id},"error":${text}}\n`));
  }
  rejectGeneration(
    step,
    starting,
    `The server refused the handshake: ${String(dig(parse(error), 'message'))}`,
  );
}

/** A later generation's answer against what the client was told: it is hidden if it keeps the promise. */
function compare(step: Step, starting: Starting, told: Told, result: Buffer): void {
  const now = described(parse(result));
  if (now.protocolVersion !== told.protocolVersion && !isOurGuess(told, now.protocolVersion)) {
    rejectGeneration(
      step,
      starting,
      `The server now speaks MCP ${now.protocolVersion}, but this session was opened with ${told.protocolVersion}. ` +
        'Reconnect the server in the client.',
    );
    return;
  }
  if (now.protocolVersion !== told.protocolVersion)
    log(
      step,
      'warn',
      `the server speaks MCP ${now.protocolVersion}; the client was promised ${told.protocolVersion} before it ` +
        'could be asked, and goes on with that',
    );
  const missing = new Set(Object.keys(told.capabilities).filter((name) => !(name in now.capabilities)));
  if (missing.size > 0 && !told.synthetic)
    log(step, 'error', `the server no longer offers ${[...missing].join(', ')}; reconnect it in the client`);
  becomeReady(step, starting, missing);
}

/** The version was promised before the server could be asked, and it speaks another one that we know: near enough. */
function isOurGuess(told: Told, version: string): boolean {
  return told.synthetic && KNOWN_VERSIONS.some((known) => known === version);
}

function becomeReady(step: Step, starting: Starting, missing: ReadonlySet<string>): void {
  const { state } = step;
  const { generation, serial } = starting;
  replay(step, generation, missing);
  if (state.succession.kind === 'starting' && state.succession.generation === generation) takeOver(step);
  state.upstream = {
    kind: 'ready',
    generation,
    serial,
    since: step.steady,
    lastsUntil: lastsUntil(state, serial),
    ending: false,
    missing,
  };
  noteRotation(step, generation, serial);
  announceChanges(step);
  if (state.auth.kind === 'usable') {
    const text = loggedInText(state.auth.token, state.config);
    for (const pending of waitingAt(state, 'announce'))
      answer(step, pending, toolResult(pending, text, false));
  } else {
    // The login was lost again before there was anything to announce: they go the way of any other call.
    for (const pending of waitingAt(state, 'announce')) hold(step, pending);
  }
  release(step);
}

/** For the audit trail: a newer token serves from here on. */
function noteRotation({ state, effects }: Step, generation: number, serial: number): void {
  if (serial === PLACEHOLDER || serial === state.served) return;
  if (state.served !== undefined)
    effects.push({ type: 'audit', event: 'rotation', generation, detail: undefined });
  state.served = serial;
}

/** When a later generation that does not answer is given up; Infinity where none is waited for. */
export function startOverdueAt(state: State): number {
  const { since = Infinity } = overdue(state) ?? {};
  return since + SLOWEST_START;
}

/** Gives up a later generation that does not answer its handshake, so that nobody waits for it for ever. */
export function giveUpStart(step: Step): void {
  const starting = overdue(step.state);
  if (!starting || step.steady < startOverdueAt(step.state)) return;
  const message = `The server did not answer its handshake within ${SLOWEST_START / 1000} s.`;
  rejectGeneration(step, starting, message);
}

/** The generation that is waited for, where the client has been answered by another one before. */
function overdue({ upstream, succession, client }: State): Starting | undefined {
  if (!client.told || client.told.synthetic) return undefined;
  if (upstream.kind === 'starting') return upstream;
  return succession.kind === 'starting' ? succession : undefined;
}
