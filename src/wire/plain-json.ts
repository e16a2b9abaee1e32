// Whether a text is JSON, by one regular expression for the plain shapes that most messages have: several times
// faster than parsing, since nothing is made of what is read. Not for: deep or long texts; those are parsed.

/** Longer texts are parsed: a regular expression may run out of its own stack on them. In characters. */
const LONGEST = 8 * 1024;
/** Objects and arrays within each other that it knows, such as params and arguments. */
const DEPTH = 2;

// RFC 8259. No alternative begins like another, so there is one way to read a text and nothing to go back to.
const STRING = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`;
const NUMBER = String.raw`-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`;
const SCALAR = `${STRING}|${NUMBER}|true|false|null`;

function value(depth: number): string {
  if (depth === 0) return `(?:${SCALAR})`;
  const inner = value(depth - 1);
  const member = `${STRING}:${inner}`;
  return String.raw`(?:${SCALAR}|\{(?:${member}(?:,${member})*)?\}|\[(?:${inner}(?:,${inner})*)?\])`;
}

let plain: RegExp | undefined;

/**
 * Whether the bytes of `text` (latin1) from `from` to `to` are JSON. Bytes above 0x7f may stand in strings; whether
 * they are UTF-8 is not looked at.
 * @param many there are more like it: worth the milliseconds that the expression costs once
 */
export function isJson(text: string, from: number, to: number, many: boolean): boolean {
  if (many && to - from <= LONGEST) {
    plain ??= new RegExp(value(DEPTH), 'y');
    plain.lastIndex = from;
    if (plain.test(text) && plain.lastIndex === to) return true;
  }
  try {
    JSON.parse(text.slice(from, to));
    return true;
  } catch {
    return false;
  }
}
