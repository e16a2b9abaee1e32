// What the client of a world does. Not for: the rules that are kept towards it (world-client.ts).
import { readValidFrame } from '../../../src/wire/message.ts';
import type { ClientCommand } from './model-commands.ts';
import { pick } from './model-pick.ts';
import { ask, burst, endUpload, frame, request, send, tooLarge, upload } from './model-requests.ts';
import type { World } from './world.ts';
import type { Question } from './world-client.ts';

export function act(world: World, command: ClientCommand): void {
  // A frame that streams ends before the next one begins; a client that has left says nothing.
  if (world.leftAt < Infinity) return;
  if (command.do !== 'upload' && command.do !== 'leave') endUpload(world);
  switch (command.do) {
    case 'request':
      request(world, command.what, command.id, command.token);
      return;
    case 'burst':
      burst(world, command);
      return;
    case 'duplicate':
      duplicate(world, command.of);
      return;
    case 'cancel':
      cancel(world, command.of);
      return;
    case 'notify':
      if (world.client.initialized) tell(world, 'notifications/roots/list_changed', '{}');
      return;
    case 'garbage':
      garbage(world);
      return;
    case 'initialize':
      initialize(world);
      return;
    case 'initialized':
      sayInitialized(world);
      return;
    case 'bring-input':
      bringInput(world, command.of);
      return;
    case 'upload':
      upload(world, command);
      return;
    case 'end-upload':
      return;
    case 'too-large':
      tooLarge(world);
      return;
    case 'reply':
      reply(world, command);
      return;
    case 'tell-progress':
      tellProgress(world, command);
      return;
    case 'leave':
      leave(world);
  }
}

/** The client goes: stdin ends, in the middle of a frame or not. */
function leave(world: World): void {
  world.leftAt = world.now;
  world.do({ type: 'client-closed' });
}

/** The first frame of most clients; a second one only where the first was refused. */
export function initialize(world: World): void {
  const { client, scenario } = world;
  const before = client.requests.filter(({ method }) => method === 'initialize');
  if (before.some(({ state, failed }) => state === 'open' || !failed)) return;
  const elicitation = { none: undefined, form: {}, url: { url: {} } }[scenario.elicitation];
  client.greeted = true;
  const params = { protocolVersion: '2025-11-25', capabilities: { ...(elicitation && { elicitation }) } };
  send(world, client.request('initialize', params, 1));
}

/** It says so once its initialize was answered, as it has to. */
export function sayInitialized(world: World): void {
  const { client } = world;
  const told = client.requests.some(
    ({ method, state, failed }) => method === 'initialize' && state === 'answered' && !failed,
  );
  if (!told || client.initialized) return;
  client.initialized = true;
  tell(world, 'notifications/initialized', undefined);
}

function tell(world: World, method: string, params: string | undefined): void {
  const rest = params === undefined ? '' : `,"params":${params}`;
  world.fromClient(readValidFrame(Buffer.from(`{"jsonrpc":"2.0","method":"${method}"${rest}}\n`)));
}

function garbage(world: World): void {
  world.client.garbled += 1;
  world.fromClient(readValidFrame(Buffer.from('{"jsonrpc":"2.0","method":\n')));
  if (world.client.garbled > 0) throw new Error('nothing is said to a line that is no JSON');
}

function duplicate(world: World, of: number): void {
  // A token that has expired in its sleep may lead to the answer of the first one in the very step of the second.
  world.catchUp();
  const open = world.client.open.filter(({ method }) => method !== 'initialize');
  const again = pick(open, of);
  if (!again) return;
  world.client.duplicate(again);
  world.fromClient(readValidFrame(frame({ ...again, token: undefined })));
  if (world.client.unrefused.length > 0) throw new Error(`a second ${again.id} was not refused at once`);
}

function cancel(world: World, of: number): void {
  const given = pick(
    world.client.open.filter(({ method }) => method !== 'initialize'),
    of,
  );
  if (!given) return;
  world.client.cancel(given);
  world.client.cancelling = given;
  tell(world, 'notifications/cancelled', `{"requestId":${given.raw},"reason":"enough"}`);
  world.client.cancelling = undefined;
}

/** The client calls again with what a result had asked for. */
function bringInput(world: World, of: number): void {
  const input = pick(world.state.inputs, of);
  if (!input) return;
  const [method, requestState] = JSON.parse(input.key) as [string, string];
  const before = world.state.inputs.length;
  ask(world, method, { name: 'write', inputResponses: {}, requestState });
  if (!world.closed && world.state.inputs.length >= before)
    throw new Error('input is brought and still waited for');
}

/** The client answers what it was asked; late, after that was withdrawn or answered before. */
function reply(world: World, { to, how, late }: Extract<ClientCommand, { do: 'reply' }>): void {
  const { client } = world;
  const question = late ? pick(client.closedQuestions, to) : pick([...client.questions.values()], to);
  if (question) answerQuestion(world, question, how);
}

export function answerQuestion(world: World, question: Question, how: number): void {
  const { client } = world;
  // An expiry that nobody has noticed came first, and may have withdrawn it.
  world.catchUp();
  if (world.closed) return;
  if (client.questions.get(question.id) === question) client.closeQuestion(question);
  const own = JSON.parse(question.id) as string;
  const to = `${question.generation}/${own.slice(own.indexOf(':') + 1)}`;
  const action = pick(['accept', 'accept', 'accept', 'decline', 'cancel'], how);
  const outcome =
    how === 7 ? '"error":{"code":-32601,"message":"no"}' : `"result":${JSON.stringify({ action, to })}`;
  world.fromClient(readValidFrame(Buffer.from(`{"jsonrpc":"2.0","id":${question.id},${outcome}}\n`)));
}

function tellProgress(world: World, { of, late }: Extract<ClientCommand, { do: 'tell-progress' }>): void {
  const { client } = world;
  const questions = late ? client.closedQuestions : [...client.questions.values()];
  const question = pick(
    questions.filter(({ token }) => token !== undefined),
    of,
  );
  if (question) tell(world, 'notifications/progress', `{"progressToken":${question.token},"progress":1}`);
}
