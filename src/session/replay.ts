// What the client did to the server after its initialize, as far as a server remembers it: kept, and told to each new
// generation (DESIGN 2.5). Not for: initialize itself (readiness.ts).
import { dig, notificationFrame, parse, requestFrame } from '../wire/message.ts';
import { textAt } from '../wire/splice.ts';
import { toUpstream } from './events.ts';
import type { Step } from './events.ts';
import type { ClientSide } from './client-side.ts';
import type { Pending } from './state.ts';

/** Ids of requests that the proxy makes of an upstream by itself; their answers stay here. */
export const PRIVATE_ID = '"gh-mcp-proxy:';

export function privateId(what: string, generation: number): string {
  return `${PRIVATE_ID}${what}:${generation}"`;
}

/**
 * Keeps what a request changes in the server. Called when the request goes to one, not when it arrives: one that was
 * held follows the replay and changes it then, and one that was refused changes nothing.
 */
export function remember(client: ClientSide, pending: Pending): void {
  const what = settingOf(pending);
  const params = what !== undefined && pending.bytes && textAt(pending.bytes, ['params']);
  if (!params) return;
  client.changedBy.set(what, pending.order);
  const uri = what.slice(1);
  if (pending.method === 'logging/setLevel') client.logLevel = params;
  else if (pending.method === 'resources/subscribe') client.subscriptions.set(uri, params);
  else client.subscriptions.delete(uri);
}

/**
 * Whether the client has changed the same thing again since it made this request, which was held, or left unanswered by
 * a server that is gone: sent now it would undo that.
 */
export function isSuperseded(client: ClientSide, pending: Pending): boolean {
  const what = settingOf(pending);
  return what !== undefined && (client.changedBy.get(what) ?? -1) > pending.order;
}

/** What a request changes in the server: `level`, or a resource's uri behind a colon; undefined where nothing is kept. */
function settingOf({ method, bytes }: Pending): string | undefined {
  if (method === 'logging/setLevel') return 'level';
  if (method !== 'resources/subscribe' && method !== 'resources/unsubscribe') return undefined;
  const uri = bytes && dig(parse(bytes), 'params', 'uri');
  return typeof uri === 'string' ? `:${uri}` : undefined;
}

/**
 * Tells a generation that has answered its initialize what the client has done since.
 * @param missing capabilities that it lacks: what belongs to them is left out
 */
export function replay(step: Step, generation: number, missing: ReadonlySet<string>): void {
  const { client } = step.state;
  if (!client.initialized) return;
  toUpstream(step, generation, notificationFrame('notifications/initialized'));
  if (client.logLevel !== undefined && !missing.has('logging')) {
    const id = privateId('level', generation);
    toUpstream(step, generation, requestFrame(id, 'logging/setLevel', client.logLevel));
  }
  if (missing.has('resources')) return;
  let count = 0;
  for (const params of client.subscriptions.values()) {
    count += 1;
    const id = privateId(`subscribe-${count}`, generation);
    toUpstream(step, generation, requestFrame(id, 'resources/subscribe', params));
  }
}
