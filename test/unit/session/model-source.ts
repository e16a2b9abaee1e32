// How the renewals and logins go that the session of a world has asked for. Not for: what other processes do to the same
// login (model-vault.ts).
import type { LoginPrompt } from '../../../src/auth/token-source.ts';
import { prompt } from './stepped.ts';
import type { World } from './world.ts';

export type RefreshEnd = 'renewed' | 'unreachable' | 'refused' | 'same' | 'longer';
export type LoginStep = 'goes on' | 'fails' | 'reaches nobody' | 'another page';

export function endRefresh(world: World, how: RefreshEnd): void {
  const { tokens } = world;
  if (!tokens.refreshing) return;
  const well = world.scenario.unhurried === true;
  const isStored = tokens.stored === tokens.told;
  const mayBeSame = isStored && !well && !tokens.refreshing.spent && tokens.kind.renewable;
  if (!isStored && tokens.stored > 0 && how !== 'unreachable') {
    // Another process was first.
    tokens.foundElsewhere();
    world.do({ type: 'refreshed', token: tokens.tell(), found: true });
  } else if ((how === 'same' || how === 'longer') && mayBeSame) {
    const { wall } = world.moment;
    world.do({ type: 'same-token', token: tokens.again(wall, world.truth, how === 'longer', world.now) });
  } else if (how === 'unreachable') {
    tokens.fail(world.now);
    world.do({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' });
  } else if ((how === 'refused' && !well) || tokens.lost || !isStored || !tokens.kind.renewable) {
    tokens.refreshing = undefined;
    tokens.failedTry = { at: world.now, unreachable: false };
    world.do({ type: 'refresh-refused', message: 'The token was revoked.' });
  } else {
    tokens.spend();
    tokens.refreshing = undefined;
    world.do({ type: 'refreshed', token: tokens.issue(world.moment.wall, world.truth) });
  }
}

export function goOnWithLogin(world: World, how: LoginStep): void {
  const { tokens } = world;
  const { unattended } = world.scenario;
  if (tokens.login === 'none') return;
  if (how === 'fails' || how === 'reaches nobody') {
    const unreachable = how === 'reaches nobody';
    tokens.login = 'none';
    tokens.failedTry = { at: world.now, unreachable };
    world.do({ type: 'login-failed', message: 'It was denied.', unreachable });
  } else if (!unattended && (tokens.login === 'asked' || how === 'another page')) {
    tokens.login = 'shown';
    show(world, how === 'another page');
  } else {
    tokens.login = 'none';
    tokens.logins += 1;
    // How a renewal of the token before goes is not heard any more (token-desk.ts).
    tokens.refreshing = undefined;
    tokens.preparing = undefined;
    world.callsSince = 0;
    world.do({ type: 'login-done', token: tokens.issue(world.moment.wall, world.truth) });
  }
}

/** A page for the person. @throws {Error} whoever waits does not see it, or sees the one before as well */
function show(world: World, isAnother: boolean): void {
  const { client, scenario, moment } = world;
  const page = { verificationUri: 'https://broker.example/consent', purpose: 'The broker needs consent.' };
  const shown: Omit<LoginPrompt, 'expiresAt'> = isAnother ? page : prompt;
  const waited = [...world.state.pending.values()].some(({ place }) => place.kind === 'login');
  world.do({ type: 'login-prompt', prompt: { ...shown, expiresAt: moment.wall + 900_000 } });
  const dialogs = [...client.questions.values()].filter(({ generation }) => generation === undefined);
  const wanted = waited && !world.closed && scenario.elicitation !== 'none' ? 1 : 0;
  if (dialogs.length !== wanted) throw new Error(`${dialogs.length} dialogs are open`);
}
