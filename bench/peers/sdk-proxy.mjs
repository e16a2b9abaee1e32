// What most people would write: the SDK's two stdio transports, each handing its messages to the other.
// Not for: tuning; the SDK's defaults are the point, its cap on a frame's size among them.
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

const [command = '', ...args] = process.argv.slice(2);
const upstream = new StdioClientTransport({ command, args });
const client = new StdioServerTransport();

/* oxlint-disable unicorn/prefer-add-event-listener -- transports are no event targets: these properties are their interface */

/** @param {Error} error */
const report = (error) => console.error(`sdk-proxy: ${error.message}`);
upstream.onerror = report;
client.onerror = report;
upstream.onmessage = (message) => void client.send(message).catch(report);
client.onmessage = (message) => void upstream.send(message).catch(report);
upstream.onclose = () => process.exit();
client.onclose = () => void upstream.close();
process.stdin.on('end', () => void upstream.close());

await upstream.start();
await client.start();
