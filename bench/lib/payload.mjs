// Large messages of both directions, ready to be written. Not for: small calls (client.mjs).

/**
 * @typedef {object} Variant
 * @property {number} bytes length of the text, about
 * @property {'first' | 'last'} idAt where the id stands: first as Go servers write it, last as the TypeScript SDK does
 * @property {'plain' | 'escaped'} text plain letters, or JSON in JSON: full of \" and \n
 */

const PLAIN = 'The quick brown fox jumps over the lazy dog, and then it does so again. ';
const ESCAPED = JSON.stringify('{"name": "value", "list": ["a", "b"]}\n\tpath: "C:\\\\dir"\n').slice(1, -1);

/**
 * The inside of a JSON string, cut only between whole units so that no escape is halved.
 * @param {Pick<Variant, 'bytes' | 'text'>} variant
 */
function payload({ bytes, text }) {
  const unit = text === 'plain' ? PLAIN : ESCAPED;
  return Buffer.alloc(Math.floor(bytes / unit.length) * unit.length, unit, 'latin1');
}

/**
 * A `tools/call` reply with a large text, as parts to be written one after the other.
 * @param {number} id
 * @param {Variant} variant
 */
export function largeReply(id, variant) {
  const result = ['"result":{"content":[{"type":"text","text":"', '"}]}'];
  const [before, after] =
    variant.idAt === 'first'
      ? [`{"jsonrpc":"2.0","id":${id},${result[0]}`, `${result[1]}}\n`]
      : [`{${result[0]}`, `${result[1]},"jsonrpc":"2.0","id":${id}}\n`];
  return [Buffer.from(before), payload(variant), Buffer.from(after)];
}

/**
 * A `tools/call` of the tool `sink` with a large argument.
 * @param {number} id
 * @param {number} bytes length of the argument, about
 */
export function largeRequest(id, bytes) {
  const before = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"sink","arguments":{"text":"`;
  return [Buffer.from(before), payload({ bytes, text: 'escaped' }), Buffer.from('"}}}\n')];
}
