// A world in which a list of commands happens. Not for: which commands (model-commands.ts), what holds at each step
// (world-rules.ts), or in the end (model-end.ts).
import { shake } from './model-answers.ts';
import { act } from './model-client.ts';
import { end } from './model-deaths.ts';
import { untilRenewal } from '../../../src/session/rotation.ts';
import type { ClientCommand, Command, OtherCommand, VaultCommand } from './model-commands.ts';
import { serve } from './model-servers.ts';
import { endRefresh, goOnWithLogin } from './model-source.ts';
import { atVault, describeStore, endLogout, endLook, endOpening, endPreparation } from './model-vault.ts';
import { World } from './world.ts';
import type { Scenario } from './world.ts';

const CLIENT = new Set<Command['do']>([
  'request',
  'burst',
  'duplicate',
  'cancel',
  'notify',
  'garbage',
  'initialize',
  'initialized',
  'bring-input',
  'upload',
  'end-upload',
  'too-large',
  'reply',
  'tell-progress',
  'leave',
]);
const VAULT = new Set<Command['do']>(['sibling', 'tell', 'prepared', 'looked', 'open', 'logout', 'describe']);
const OTHER = new Set<Command['do']>([
  'reach',
  'refresh',
  'login',
  'get-ready',
  'rotate',
  'revoke',
  'wait',
  'until-due',
  'sleep',
  'set-clock',
]);
/** What is under way takes no longer than this where nobody hurries, in ms. */
const SLOWEST = 20_000;
/** Nothing here is due later, in ms. */
const LONGEST_WAIT = 24 * 60 * 60_000;

/** Runs commands, and looks at the end; an error tells all that happened. */
export function live(scenario: Scenario, commands: readonly Command[], look: (world: World) => void): World {
  const world = new World(scenario);
  try {
    for (const command of commands) {
      if (world.closed) break;
      run(world, command);
    }
    look(world);
    world.replay();
  } catch (error) {
    const told = world.log.length > 400 ? ['...', ...world.log.slice(-400)] : world.log;
    throw new Error(`${(error as Error).message}\n${told.join('\n')}`, { cause: error });
  }
  return world;
}

function run(world: World, command: Command): void {
  if (isOfClient(command)) act(world, command);
  else if (isOfVault(command)) atVault(world, command);
  else if (isOther(command)) happen(world, command);
  else serve(world, command);
  // A machine that has slept may hear of a request first.
  if (command.do !== 'sleep' && command.do !== 'set-clock' && !world.closed) world.catchUp();
}

function isOfClient(command: Command): command is ClientCommand {
  return CLIENT.has(command.do);
}

function isOfVault(command: Command): command is VaultCommand {
  return VAULT.has(command.do);
}

function isOther(command: Command): command is OtherCommand {
  return OTHER.has(command.do);
}

function happen(world: World, command: OtherCommand): void {
  switch (command.do) {
    case 'reach':
      world.tokens.spend();
      return;
    case 'refresh':
      endRefresh(world, command.how);
      return;
    case 'login':
      goOnWithLogin(world, command.how);
      return;
    case 'get-ready':
      getReady(world);
      return;
    case 'rotate':
      rotate(world);
      return;
    case 'revoke':
      world.tokens.revoke(Math.max(0, world.tokens.newest - command.older));
      return;
    case 'wait':
      pass(world, command.ms);
      return;
    case 'until-due':
      // No timer is set for longer (driver.ts), but a token may last for hours.
      pass(world, Math.max(0, Math.min(world.untilTick, LONGEST_WAIT)));
      return;
    case 'sleep':
      world.sleep(command.ms);
      return;
    case 'set-clock':
      world.wallAhead += command.ms;
      if (command.ms < 0) world.servers.anyOrder = true;
  }
}

/** Time passes until a renewal is due, and that works: many things are worth trying just after it. */
function rotate(world: World): void {
  const ms = untilRenewal(world.state, world.moment);
  if (ms > 0 && ms < LONGEST_WAIT) pass(world, ms);
  if (world.closed) return;
  world.catchUp();
  endPreparation(world, false);
  endRefresh(world, 'renewed');
}

/** Time passes; where nobody is in a hurry, nothing that is under way takes longer than that. */
function pass(world: World, ms: number): void {
  if (world.scenario.unhurried !== true) {
    world.wait(ms);
    return;
  }
  for (const until = world.now + ms; world.now < until;) {
    const busy =
      world.tokens.refreshing !== undefined || world.servers.all().some(({ answered }) => !answered);
    if (busy && world.now >= world.hurryAt) getReady(world);
    world.hurryAt = Math.max(world.hurryAt, world.now + (busy ? SLOWEST : 0));
    world.wait(Math.min(until - world.now, busy ? SLOWEST : Math.max(1, world.untilTick)));
  }
}

/** What is under way is done. */
function getReady(world: World): void {
  endOpening(world, true);
  endPreparation(world, false);
  endLook(world, false);
  endRefresh(world, 'renewed');
  endLogout(world, true);
  describeStore(world);
  for (const server of world.servers.all()) {
    if (server.stopped) end(world, server, 0, false);
    else shake(world, server, 0);
  }
}
