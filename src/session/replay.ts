// What the client did to the server after its initialize, as far as a server remembers it: kept, and told to each new
// generation (DESIGN 2.5). Not for: initialize itself (readiness.ts).
import { dig, notificationFrame, parse, requestFrame } from '../wire/message.ts';
import { locate } from '../wire/splice.ts';
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
export function remember(client: ClientSide, { method, bytes }: Pending): void {
  if (method !== 'logging/setLevel' && !method.startsWith('resources/')) return;
  const range = bytes && locate(bytes, ['params']);
  if (!range) return;
  const params = bytes.toString('utf8', range.start, range.end);
  const uri = dig(parse(bytes), 'params', 'uri');
  if (method === 'logging/setLevel') client.logLevel = params;
  else if (typeof uri !== 'string') return;
  else if (method === 'resources/subscribe') client.subscriptions.set(uri, params);
  else if (method === 'resources/unsubscribe') client.subscriptions.delete(uri);
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
