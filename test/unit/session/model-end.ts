// What must be true of a world in the end: when everything has calmed down, or when its client has left.
// Not for: what holds at each step (world-rules.ts).
import { answer } from './model-answers.ts';
import { answerQuestion, initialize, sayInitialized } from './model-client.ts';
import { end } from './model-deaths.ts';
import { ask, endUpload } from './model-requests.ts';
import { serve } from './model-servers.ts';
import { endRefresh, goOnWithLogin } from './model-source.ts';
import { describeStore, endLogout, endLook, endOpening, endPreparation, tell } from './model-vault.ts';
import type { World } from './world.ts';

/** Everything is at rest after so many seconds at most: a handshake that is never answered takes one minute. */
const LONGEST_CALM = 600;

/** The client has left, and nobody is helpful any more. */
export function checkGoodbye(world: World): void {
  world.wait(1000);
  if (!world.closed || world.untilTick < Infinity) throw new Error('the client has left, and it goes on');
}

/** From now on everybody does what is expected, until nothing is left to do. */
function calmDown(world: World): void {
  world.tokens.hopeless = false;
  for (let round = 0; round < LONGEST_CALM && !world.closed; round += 1) {
    goOn(world);
    if (isAtRest(world)) return;
  }
  if (!world.closed)
    throw new Error(`it comes to no rest: ${JSON.stringify(world.client.open.map(({ id }) => id))}`);
}

function goOn(world: World): void {
  endUpload(world);
  initialize(world);
  sayInitialized(world);
  for (const server of world.servers.all()) {
    // Until a server has answered the client the first one has all the time it needs.
    if (world.state.client.told?.synthetic !== false) server.mute = false;
    if (server.stopped || !server.alive) end(world, server, 0, false);
    else {
      serve(world, { do: 'end-stream', server: world.servers.all().toReversed().indexOf(server) });
      for (const id of server.inbox.keys()) answer(world, server, id, 0);
    }
  }
  for (const question of world.client.questions.values()) answerQuestion(world, question, 0);
  endOpening(world, true);
  endPreparation(world, false);
  endLook(world, false);
  endRefresh(world, 'renewed');
  endLogout(world, true);
  describeStore(world);
  tell(world);
  goOnWithLogin(world, 'goes on');
  world.wait(1000);
}

function isAtRest({ state, client, servers, tokens }: World): boolean {
  return (
    client.openCount === 0 &&
    client.questions.size === 0 &&
    state.retired.size === 0 &&
    state.succession.kind === 'none' &&
    state.upstream.kind !== 'starting' &&
    state.renewal.kind === 'idle' &&
    tokens.login === 'none' &&
    servers.all().every(({ stopped, alive, inbox }) => !stopped && alive && inbox.size === 0)
  );
}

/** Nothing is left of what happened, and the session is as good as new. */
export function checkRest(world: World): void {
  calmDown(world);
  if (world.exitCode !== undefined) return;
  const { state, client } = world;
  const left = [state.pending, state.progress, state.asked, state.retired].map(({ size }) => size);
  if (left.some((size) => size > 0)) throw new Error(`left over: ${left.join(', ')}`);
  if (state.held.length > 0 || state.heldBytes !== 0 || state.pendingBytes !== 0)
    throw new Error('frames are kept');
  checkSettings(world);
  checkReleased(world);
  // A call that waits for a person is told so at first, where the client shows no elicitation.
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const made = ask(world, 'tools/call', { name: 'read' });
    calmDown(world);
    if (made?.state === 'answered' && !made.failed) return;
    if (attempt === 1) world.wait(61_000);
  }
  if (client.greeted) throw new Error('everything works, but no call does');
}

/** Every token was let go of, but those that are in use. */
function checkReleased({ state, tokens, servers }: World): void {
  const used = new Set(servers.all().map(({ serial }) => serial));
  if (state.auth.kind !== 'locked') used.add(state.auth.token.serial);
  const kept = [...tokens.given].filter((serial) => !used.has(serial) && !tokens.released.has(serial));
  if (kept.length > 0) throw new Error(`nobody lets go of the tokens ${kept.join(', ')}`);
}

/** The server has the log level and the subscriptions that the client asked for last. */
function checkSettings({ state, client, servers }: World): void {
  const server = state.upstream.kind === 'ready' ? servers.get(state.upstream.generation) : undefined;
  if (!server || !('logging' in server.capabilities)) return;
  const asked = client.requests.filter(({ method }) => method === 'logging/setLevel');
  const level = asked.findLast(({ state: how, failed }) => how === 'answered' && !failed);
  const unclear = asked.some(
    ({ seq, state: how, failed }) => seq > (level?.seq ?? -1) && (how === 'cancelled' || failed),
  );
  if (level && !unclear && server.level !== level.params['level'])
    throw new Error(`the log level is ${server.level}, but was set to ${String(level.params['level'])}`);
  for (const uri of ['memo://0', 'memo://1']) {
    const about = client.requests.filter(
      ({ method, params }) => method.endsWith('subscribe') && params['uri'] === uri,
    );
    const last = about.at(-1);
    if (!last || last.failed || last.state !== 'answered') continue;
    if (server.subscriptions.has(uri) !== (last.method === 'resources/subscribe'))
      throw new Error(`${last.method} of ${uri} came last, but is not so at the server`);
  }
}
