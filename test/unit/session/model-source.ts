// How the renewals and logins go that the session of a world has asked for. Not for: what other processes do to the same
// login (model-vault.ts).
import { prompt } from './stepped.ts';
import type { World } from './world.ts';

export function endRefresh(world: World, how: 'renewed' | 'unreachable' | 'refused'): void {
  const { tokens } = world;
  if (!tokens.refreshing) return;
  const well = world.scenario.unhurried === true;
  const isStored = tokens.stored === tokens.told;
  if (!isStored && tokens.stored > 0 && how !== 'unreachable') {
    // Another process was first.
    tokens.foundElsewhere();
    world.do({ type: 'refreshed', token: tokens.tell(), found: true });
  } else if (how === 'unreachable') {
    tokens.fail(world.now);
    world.do({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' });
  } else if ((how === 'refused' && !well) || tokens.lost || !isStored || !tokens.kind.renewable) {
    tokens.refreshing = undefined;
    world.do({ type: 'refresh-refused', message: 'The login was revoked.' });
  } else {
    tokens.spend();
    tokens.refreshing = undefined;
    world.do({ type: 'refreshed', token: tokens.issue(world.moment.wall, world.truth) });
  }
}

export function goOnWithLogin(world: World, how: 'goes on' | 'fails'): void {
  const { tokens } = world;
  if (tokens.login === 'none') return;
  if (how === 'fails') {
    tokens.login = 'none';
    world.do({ type: 'login-failed', message: 'The login was denied.' });
  } else if (tokens.login === 'asked') {
    tokens.login = 'shown';
    world.do({ type: 'login-prompt', prompt: { ...prompt, expiresAt: world.moment.wall + 900_000 } });
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
