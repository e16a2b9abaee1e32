// A session that is logged in and whose server has told its tools; and its loss. Not for: moving it (stepped.ts).
import type { Effect } from '../../../src/session/events.ts';
import { readFrame } from '../../../src/wire/message.ts';
import type { Json } from '../../support/messages.ts';
import { lasting, MINUTE } from './sent.ts';
import { startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

export const EIGHT_HOURS = 480 * MINUTE;

/** Its tools: `read` is read-only, `put` is idempotent, `write` is neither. */
export function running(): Stepped {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.client({ id: 100, method: 'tools/list' });
  const tools = [
    { name: 'read', annotations: { readOnlyHint: true } },
    { name: 'put', annotations: { idempotentHint: true } },
    { name: 'write' },
  ];
  session.upstream({ id: 100, result: { tools } });
  return session;
}

/** A frame of a certain generation. */
export function from(session: Stepped, generation: number, message: Json): Effect[] {
  const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  return session.step({ type: 'upstream-frame', generation, frame: readFrame(bytes), suspicious: true });
}

/** A generation (default: the current one) ends. */
export function crash(session: Stepped, generation = session.state.nextGeneration - 1): Effect[] {
  return session.step({
    type: 'upstream-ended',
    generation,
    cannotStart: false,
    message: 'The server ended with code 3. Its last words: boom',
  });
}
