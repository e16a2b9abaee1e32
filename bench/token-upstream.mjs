// The upstream of the rotations: each answer names the process that gave it, so that a switch shows at the client.
// Not for: speed at large (upstream.mjs); it starts fast, since its start is what a rotation has to wait for.
import { createInterface } from 'node:readline';

/** @typedef {{ content: { type: 'text', text: string }[], isError?: true }} ToolResult */

const SLOWEST_ANSWER_MS = 10_000;

/** @type {{ [tool: string]: () => ToolResult | Promise<ToolResult> }} */
const tools = {
  /** Answers at once. */
  who: () => text(String(process.pid)),
  /** Answers when GitHub has said whether it takes this process's token, as most tools of a real server would. */
  ask: async () => {
    const refused = await refusal(`${process.env['GITHUB_HOST']}/api/v3/user`);
    return refused === undefined ? text(String(process.pid)) : { ...text(refused), isError: true };
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  /** @type {{ id?: number | string, method?: string, params?: { name?: string, protocolVersion?: string } }} */
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'tools/call') {
    const answer = tools[params?.name ?? '']?.() ?? { ...text('no such tool'), isError: true };
    if (answer instanceof Promise) void answer.then((result) => reply(id, { result }));
    else reply(id, { result: answer });
  } else if (method === 'initialize') {
    const { protocolVersion } = params ?? {};
    const serverInfo = { name: 'token-upstream', version: '1.0.0' };
    reply(id, { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/list') {
    const listed = Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } }));
    reply(id, { result: { tools: listed } });
  } else if (method === 'ping') reply(id, { result: {} });
  else reply(id, { error: { code: -32601, message: 'Method not found' } });
});

// A reader that went away is the normal end of a benchmark that was interrupted.
process.stdout.on('error', () => process.exit(1));

/**
 * @param {number | string} id
 * @param {object} outcome
 */
function reply(id, outcome) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...outcome })}\n`);
}

/**
 * @param {string} said
 * @returns {ToolResult}
 */
function text(said) {
  return { content: [{ type: 'text', text: said }] };
}

/**
 * Asks `url` with this process's token.
 * @param {string} url
 * @returns {Promise<string | undefined>} why not, in github-mcp-server's words, by which a proxy knows a dead token
 */
async function refusal(url) {
  // Only here: those calls that are timed need no HTTP, and it would be a part of every start.
  const { get } = await import('node:http');
  const authorization = `Bearer ${process.env['GITHUB_PERSONAL_ACCESS_TOKEN']}`;
  const headers = { authorization, 'user-agent': 'token-upstream' };
  return new Promise((resolve) => {
    const request = get(url, { headers, timeout: SLOWEST_ANSWER_MS }, (response) => {
      const { statusCode } = response;
      response.resume();
      response.once('end', () =>
        resolve(statusCode === 200 ? undefined : `GET ${url}: ${statusCode} Bad credentials []`),
      );
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => resolve(`GET ${url}: ${error.message}`));
  });
}
