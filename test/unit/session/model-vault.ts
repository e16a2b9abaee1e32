// What happens at the vault of a world and to what it keeps: siblings renew, log in and out, the session hears of that
// or finds it, a renewal is made ready, a logout goes through. Not for: renewals and logins of its own (model.ts).
import { endRefresh } from './model-source.ts';
import type { VaultCommand } from './model-commands.ts';
import type { World } from './world.ts';

export function atVault(world: World, command: VaultCommand): void {
  switch (command.do) {
    case 'sibling':
      actElsewhere(world, command.what);
      if (command.told) tell(world);
      return;
    case 'tell':
      tell(world);
      return;
    case 'prepared':
      endPreparation(world, command.newer);
      return;
    case 'looked':
      endLook(world, command.newer);
      return;
    case 'open':
      endOpening(world, command.found);
      return;
    case 'logout':
      endLogout(world, command.done);
      return;
    case 'describe':
      describeStore(world);
  }
}

/** Another process of the same person does what this one could have done. */
function actElsewhere(world: World, what: 'renews' | 'logs in' | 'logs out'): void {
  const { tokens } = world;
  // What no person can do anything for nobody shares.
  if (world.scenario.unattended) return;
  // All that the service does for a session is done under a lock.
  if (what === 'renews' && (tokens.refreshing?.spent === true || tokens.lost)) return;
  // Of those that are well nobody ends what the others use.
  const well = world.scenario.unhurried === true;
  if (what === 'logs out' && !well) tokens.forget();
  else if (what === 'logs in' && !well) tokens.issueElsewhere(world.moment.wall, world.truth, true);
  else if (tokens.stored > 0 && tokens.kind.renewable)
    tokens.issueElsewhere(world.moment.wall, world.truth, false);
}

/** The session hears of what is stored by now; or finds it when it looks. */
export function tell(world: World): void {
  const { tokens } = world;
  if (tokens.stored === tokens.told || world.opening || tokens.loggingOut) return;
  // An expiry that nobody has noticed came first.
  if (tokens.stored === 0) world.catchUp();
  if (world.closed) return;
  // While a person is at the way to another login, nobody asks who has ended the one before (token-news.ts).
  if (tokens.stored === 0 && tokens.login !== 'none') return;
  // What comes of these is not heard any more (token-desk.ts).
  tokens.refreshing = undefined;
  tokens.preparing = undefined;
  if (tokens.stored > 0) adopt(world);
  else {
    tokens.told = 0;
    world.loggedOut();
    world.do({ type: 'logged-out', message: 'A person has logged out elsewhere.' });
  }
}

function adopt(world: World): void {
  // To a session that is locked it is as good as a login of its own.
  if (world.state.auth.kind === 'locked') {
    world.tokens.logins += 1;
    world.callsSince = 0;
  }
  world.do({ type: 'adopted', token: world.tokens.tell() });
}

export function endPreparation(world: World, newer: boolean): void {
  const { tokens } = world;
  const serial = tokens.preparing;
  if (serial === undefined) return;
  tokens.preparing = undefined;
  if (newer) actElsewhere(world, 'renews');
  if (tokens.stored > 0 && tokens.stored !== serial) adopt(world);
  else world.do({ type: 'refresh-prepared', serial });
}

/** What is stored by now is known; or was heard of before. */
export function endLook(world: World, newer: boolean): void {
  const { tokens } = world;
  const serial = tokens.looking;
  if (serial === undefined) return;
  tokens.looking = undefined;
  if (newer) actElsewhere(world, 'renews');
  if (tokens.stored > 0 && tokens.stored !== serial) tell(world);
  else world.do({ type: 'nothing-newer', serial });
}

/** A stored login that took its time is open; or is none. */
export function endOpening(world: World, found: boolean): void {
  const { tokens } = world;
  if (!world.opening) return;
  world.opening = false;
  // A login in between has brought a newer one.
  if (tokens.told > 0) return;
  if (!found) tokens.forget();
  if (tokens.stored > 0) adopt(world);
  else {
    world.tokens.failedTry = { at: world.now, unreachable: true };
    world.do({ type: 'not-opened', reason: 'it does not answer.', unreachable: true });
  }
}

export function endLogout(world: World, done: boolean): void {
  const { tokens } = world;
  if (!tokens.loggingOut) return;
  // What was under way before comes first.
  endOpening(world, true);
  endRefresh(world, 'renewed');
  tokens.loggingOut = false;
  if (!done) {
    // What was refused meanwhile is tried once more with the same token.
    tokens.logins += 1;
    world.do({ type: 'logout-failed', message: 'The disk is full.' });
    return;
  }
  tokens.forget();
  tokens.told = 0;
  world.loggedOut();
  world.do({ type: 'logout-done', account: { login: 'octocat' }, unrevoked: undefined });
}

export function describeStore(world: World): void {
  if (!world.describing) return;
  world.describing = false;
  world.do({ type: 'store-described', store: 'memory' });
}
