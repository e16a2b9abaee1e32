// A map by JSON-RPC id, in which two texts of the same JSON value are the same id. Not for: what an id looks like to
// the peer that chose it; its own text is kept wherever it is sent back.
import type { IdText } from '../wire/message.ts';

/** An integer that every JSON library writes as it was read; above 2^53 a number would lose digits. */
const PLAIN_INTEGER = /^-?(?:0|[1-9]\d*)$/;

/**
 * One text for one value. A peer may answer `"<1>"` with the id `"\u003c1\u003e"` (Go), `"\u00e9"` for a character
 * (Python) or `1` for `1.0`: to a JSON parser it is the same, so a bare connection would bring that answer home.
 */
export function idKey(text: IdText): IdText {
  if (text.startsWith('"') ? !text.includes('\\') : PLAIN_INTEGER.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

export class IdMap<V> extends Map<IdText, V> {
  override get(id: IdText): V | undefined {
    return super.get(idKey(id));
  }

  override has(id: IdText): boolean {
    return super.has(idKey(id));
  }

  override set(id: IdText, value: V): this {
    return super.set(idKey(id), value);
  }

  override delete(id: IdText): boolean {
    return super.delete(idKey(id));
  }
}
