// A sealed file and its key: which key opens it, and which one its successor is sealed with.
// Not for: what is in it, or what becomes of one that does not open (file.ts, sharing.ts).
import type { Keys } from './keys.ts';
import { labelOf } from './keys.ts';
import type { Envelope, SealedEnvelope, SealingKey } from './seal.ts';
import { openEnvelope } from './seal.ts';

/** A sealed file that was looked into. `lost`: why it will never open, for a person. */
export type Opened =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'lost'; readonly reason: string };

/**
 * @param bound what it was sealed for
 * @throws {StorageError} its key cannot be had now
 */
export async function openSealed(keys: Keys, envelope: SealedEnvelope, bound: string): Promise<Opened> {
  const source = await keys.source(envelope.keyKind);
  const key = await source.load(envelope.keyId);
  if (!key) return { kind: 'lost', reason: `cannot be opened, for its key is missing (${source.place})` };
  const text = openEnvelope(key, bound, envelope);
  if (text !== undefined) return { kind: 'text', text };
  const hasOtherKey = envelope.keyId !== undefined && envelope.keyId !== key.id;
  return {
    kind: 'lost',
    reason: hasOtherKey ? `was sealed with another key than ${source.place}` : 'is damaged',
  };
}

/**
 * The key for what takes the place of `old`: of the same kind, since whoever can open the old one has to be able to open
 * the new one, and nothing is kept less safely than before without being asked for. What is new gets the kind that was
 * asked for.
 * @throws {StorageError} it cannot be had now
 */
export async function keyAfter(keys: Keys, old: Envelope | undefined): Promise<SealingKey> {
  if (old?.kind !== 'sealed') return keys.choose();
  const source = await keys.source(old.keyKind);
  return { kind: old.keyKind, key: (await source.load(old.keyId)) ?? (await source.obtain()) };
}

/** How a file is kept, or will be, as told to a person. */
export function placeOf(keys: Keys, envelope: Envelope | undefined): string {
  return envelope?.kind === 'sealed' ? labelOf(envelope.keyKind) : keys.planned;
}
