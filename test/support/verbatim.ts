// A session with fixtures/servers/verbatim.mjs behind the proxy, unlocked: exact bytes out, exact bytes in.
// Not for: anything that a server does on a good day; see loginOptions and scripted.mjs.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loggedIn } from './logged-in.ts';
import { startProxy } from './proxy.ts';
import type { RawClient } from './raw-client.ts';
import { serverCommand } from './spawned.ts';
import { tempDir } from './temp.ts';

interface WriteOptions {
  /** Bytes a write; below 1024 with time between them. Default: all at once. */
  readonly piece?: number;
  /** To stderr instead. */
  readonly stderr?: boolean;
  /** The server ends with this code right after. */
  readonly exit?: number;
}

export interface VerbatimSession {
  readonly client: RawClient;
  /** Has the server write these bytes. The call that asks for it has the id `idText` and no answer but them. */
  readonly write: (bytes: Buffer | string, options?: WriteOptions & { readonly idText?: string }) => void;
  /** Everything that the server has read after the handshake. */
  readonly received: () => Buffer;
}

/** Starts it, logged in and through its handshake. */
export async function startVerbatim(args: readonly string[] = []): Promise<VerbatimSession> {
  const dir = tempDir();
  const copy = path.join(dir, 'stdin');
  const session = await loggedIn();
  const client = startProxy({
    args: [...session.args, ...args],
    command: serverCommand('verbatim.mjs', '--copy', copy),
  });
  await client.initialize();
  // Answered by the server, so that it has read the handshake whole.
  await client.request('resources/list');
  const handshake = readFileSync(copy).length;
  let files = 0;
  return {
    client,
    write(bytes, { idText = '"write"', ...options } = {}) {
      files += 1;
      const file = path.join(dir, `bytes-${files}`);
      writeFileSync(file, bytes);
      const params = JSON.stringify({ name: 'write', arguments: { file, ...options } });
      client.send(`{"jsonrpc":"2.0","id":${idText},"method":"tools/call","params":${params}}`);
    },
    received: () => readFileSync(copy).subarray(handshake),
  };
}
