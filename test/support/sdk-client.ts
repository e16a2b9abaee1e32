// The client of @modelcontextprotocol/sdk over the built command: what a person's editor really does.
// Not for: exact bytes, unusual ids or broken frames (raw-client.ts).
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { ClientCapabilities, ElicitRequest, ElicitResult } from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { proxyCommand } from './proxy.ts';
import type { ProxyOptions } from './proxy.ts';
import { surroundings } from './spawned.ts';

export interface SdkOptions extends ProxyOptions {
  readonly capabilities?: ClientCapabilities;
  /** Answers elicitation/create of either mode; needs `capabilities.elicitation`. */
  readonly onElicit?: (params: ElicitRequest['params']) => ElicitResult | Promise<ElicitResult>;
}

export interface SdkSession {
  readonly client: Client;
  readonly transport: StdioClientTransport;
  /** Notifications that no handler took, in order. */
  readonly notifications: { readonly method: string; readonly params?: unknown }[];
  stderrText(): string;
  /** Ends the session as the SDK does: stdin, 2 s, SIGTERM, 2 s, SIGKILL. */
  close(): Promise<void>;
}

/** Starts the command and makes the handshake; everything ends with the test at the latest. */
export async function connectSdk(options: SdkOptions): Promise<SdkSession> {
  const [command, ...args] = proxyCommand(options);
  const transport = new StdioClientTransport({ command, args, ...surroundings(options), stderr: 'pipe' });
  const client = new Client(
    { name: 'sdk-client', version: '1.0.0' },
    { capabilities: options.capabilities ?? {} },
  );
  const notifications: SdkSession['notifications'] = [];
  client.fallbackNotificationHandler = (notification) => {
    notifications.push(notification);
    return Promise.resolve();
  };
  const { onElicit } = options;
  if (onElicit) client.setRequestHandler(ElicitRequestSchema, async ({ params }) => onElicit(params));
  const stderr: Buffer[] = [];
  transport.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  onTestFinished(() => client.close());
  await client.connect(transport);
  return {
    client,
    transport,
    notifications,
    stderrText: () => Buffer.concat(stderr).toString(),
    close: () => client.close(),
  };
}
