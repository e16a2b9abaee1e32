// An HTTP server of one test, for answers that no GitHub would give. Not for: GitHub's own (fixtures/github).
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atTestEnd } from './test-end.ts';

/** Starts it on a free port of 127.0.0.1; it ends with the test. @returns its origin */
export async function serveHttp(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  atTestEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
