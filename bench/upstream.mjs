// The upstream of every contender: an MCP stdio server written by hand so that it is never the slow part.
// Not for: showing how to write a server; it answers only what the benchmark sends, which is ASCII.
import { largeReply } from './lib/payload.mjs';

/** @typedef {import('./lib/payload.mjs').Variant} Variant */

/** Bytes kept of a frame that has not ended yet; the rest of a large frame is counted, not kept. */
const HEAD_BYTES = 64 * 1024;

const tools = ['echo', 'prepare', 'big', 'sink'].map((name) => ({
  name,
  description: `Benchmark tool ${name}`,
  inputSchema: { type: 'object' },
  annotations: { readOnlyHint: true },
}));

/** The large reply made by the last `prepare`, so that `big` only writes. @type {Buffer[]} */
let prepared = [];

let head = '';
let dropped = 0;

process.stdin.on('data', (/** @type {Buffer} */ chunk) => {
  const end = chunk.lastIndexOf(10);
  if (end === -1) {
    keep(chunk);
    return;
  }
  const lines = (head + chunk.toString('latin1', 0, end)).split('\n');
  let out = '';
  let extra = dropped;
  for (const line of lines) {
    out += echoed(line) ?? answered(line, line.length + extra);
    extra = 0;
  }
  head = '';
  dropped = 0;
  keep(chunk.subarray(end + 1));
  if (out !== '') process.stdout.write(out, 'latin1');
});

// A reader that went away is the normal end of a benchmark that was interrupted.
process.stdout.on('error', () => process.exit(1));

/** @param {Buffer} rest bytes after the last newline */
function keep(rest) {
  const room = Math.max(0, HEAD_BYTES - head.length);
  head += rest.toString('latin1', 0, Math.min(room, rest.length));
  dropped += Math.max(0, rest.length - room);
}

const REQUEST_HEAD = '{"jsonrpc":"2.0","id":';
const ECHO_HEAD = ',"method":"tools/call","params":{"name":"echo","arguments":{"text":';
const ECHO_TAIL = '"}}}';

/**
 * The reply to an `echo` call as the benchmark's client writes it, without parsing it.
 * @param {string} line
 * @returns {string | undefined} undefined: not such a call, or one that was written anew on its way
 */
function echoed(line) {
  if (!line.startsWith(REQUEST_HEAD) || !line.endsWith(ECHO_TAIL)) return undefined;
  const idEnd = line.indexOf(',', REQUEST_HEAD.length);
  if (!line.startsWith(ECHO_HEAD, idEnd)) return undefined;
  const text = line.slice(idEnd + ECHO_HEAD.length, line.length - ECHO_TAIL.length + 1);
  const id = line.slice(REQUEST_HEAD.length, idEnd);
  return `${REQUEST_HEAD}${id},"result":{"content":[{"type":"text","text":${text}}]}}\n`;
}

/**
 * @param {string} line a frame, or head and tail of a large one
 * @param {number} bytes the frame's whole length
 * @returns {string} the reply, empty where none is due or it was written already
 */
function answered(line, bytes) {
  if (bytes > HEAD_BYTES) {
    const id = /"id":(\d+)/.exec(line)?.[1];
    return id === undefined ? '' : reply(Number(id), textResult(String(bytes)));
  }
  /** @type {{ id?: number | string, method?: string, params?: { [key: string]: unknown } }} */
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined) return '';
  if (method === 'tools/call') return called(id, String(params['name']), params['arguments']);
  const result = answers(String(params['protocolVersion']))[String(method)];
  if (result !== undefined) return reply(id, result);
  return `${JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } })}\n`;
}

/**
 * @param {string} protocolVersion the one the client asked for
 * @returns {Record<string, object>} results by method
 */
function answers(protocolVersion) {
  return {
    initialize: {
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'bench-upstream', version: '1.0.0' },
    },
    ping: {},
    'tools/list': { tools },
  };
}

/**
 * @param {number | string} id
 * @param {string} tool
 * @param {unknown} args
 * @returns {string}
 */
function called(id, tool, args) {
  if (tool === 'prepare') {
    const { id: replyId, ...variant } = /** @type {Variant & { id: number }} */ (args);
    prepared = largeReply(replyId, variant);
    return reply(id, textResult(String(prepared.reduce((sum, part) => sum + part.length, 0))));
  }
  if (tool === 'big') {
    process.stdout.cork();
    for (const part of prepared) process.stdout.write(part);
    process.stdout.uncork();
    return '';
  }
  const text = /** @type {{ text?: string } | undefined} */ (args)?.text ?? '';
  return reply(id, textResult(text));
}

/** @param {string} text */
function textResult(text) {
  return { content: [{ type: 'text', text }] };
}

/**
 * @param {number | string} id
 * @param {object} result
 */
function reply(id, result) {
  return `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`;
}
