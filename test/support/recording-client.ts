// A raw client that remembers every request it has made, so that a test can say: each was answered, once, in its own id.
// Not for: what the answers say.
import { expect } from 'vitest';
import { rawMember } from '../../fixtures/servers/lib/frames.mjs';
import { RawClient } from './raw-client.ts';

export class RecordingClient extends RawClient {
  /** The ids of its requests as JSON text, in order. */
  readonly asked: string[] = [];

  override send(message: object | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const id = rawMember(text, 'id');
    if (id !== undefined && rawMember(text, 'method') !== undefined) this.asked.push(id);
    super.send(text);
  }

  /** The ids of all answers as JSON text, in order. */
  answered(): string[] {
    return this.messages
      .filter(({ method }) => method === undefined)
      .map((message) => rawMember(this.lineOf(message).toString(), 'id') ?? 'no id');
  }
}

/**
 * Fails unless every request has exactly one answer, and every answer a request.
 * @param without ids (as JSON text) of those that must have none
 */
export function assertAnsweredOnce(client: RecordingClient, without: readonly string[] = []): void {
  const expected = client.asked.filter((id) => !without.includes(id));
  expect(client.answered().sort()).toEqual(expected.sort());
}
