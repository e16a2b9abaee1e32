// What happened in a world, a line each, for whoever reads why it should not have. Not for: what should (world-rules.ts).
import type { Effect, Event } from '../../../src/session/events.ts';
import { LARGE } from './world-client.ts';

export function describe(thing: Event | Effect): string {
  const from = 'generation' in thing ? ` ${thing.generation}` : '';
  const bytes = 'frame' in thing ? thing.frame.bytes : 'bytes' in thing ? thing.bytes : undefined;
  const more = (
    'frame' in thing
      ? 'streaming' in thing.frame && thing.frame.streaming
      : 'streaming' in thing && thing.streaming
  )
    ? ' ...'
    : '';
  if (!bytes) return JSON.stringify(thing);
  const text =
    bytes.length > LARGE ? `${bytes.toString('utf8', 0, 80)} ... ${bytes.length} bytes` : bytes.toString();
  return `${thing.type}${from} ${text.trimEnd()}${more}`;
}
