// A session over pipes of this process, before a real server, with a clock that stands still. Not for: what it does.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Credential, TokenSource } from '../../../src/auth/token-source.ts';
import { noAudit } from '../../../src/base/audit.ts';
import type { Audit } from '../../../src/base/audit.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Session } from '../../../src/session/driver.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { serverCommand, surroundings } from '../../support/spawned.ts';
import { createTestLog } from '../../support/test-log.ts';
import { config } from './stepped.ts';
import { unshared } from './unshared.ts';

export interface Driven {
  readonly clock: FakeClock;
  readonly input: PassThrough;
  readonly errorOutput: PassThrough;
  /** How often the token was renewed. */
  readonly renewals: () => number;
  /** The exit code. */
  readonly done: Promise<number>;
}

export interface DrivenOptions {
  /** The token lives so long in ms; or for ever. */
  readonly lifetime?: number;
  readonly command?: readonly string[];
  readonly audit?: Audit;
  /** Instead of a source that renews whatever it is asked for. */
  readonly source?: Partial<TokenSource>;
}

/** A session that has shaken hands. */
export async function startDriven(options: DrivenOptions = {}): Promise<Driven> {
  const { lifetime, command = serverCommand('scripted.mjs'), audit = noAudit } = options;
  const clock = createFakeClock();
  let issued = 0;
  const issue = (): Promise<Credential> => {
    issued += 1;
    return Promise.resolve({
      accessToken: new Secret(`ghu_the_token_number_${issued}`),
      refreshToken: new Secret(`ghr_the_token_number_${issued}`),
      issuedAt: clock.now(),
      ...(lifetime !== undefined && { expiresAt: clock.now() + lifetime }),
      scopes: [],
      rotation: 'exclusive',
    });
  };
  const authFailure = { hints: [], patterns: [] };
  const source: TokenSource = {
    mode: 'device',
    hostLabel: 'github.com',
    authFailure,
    loginObstacle: undefined,
    isUnattended: false,
    isRenewable: (credential) => credential.refreshToken !== undefined,
    release: () => Promise.resolve(),
    ...unshared,
    load: issue,
    refresh: issue,
    wasFound: () => false,
    login: () => Promise.reject(new Error('not here')),
    ...options.source,
  };
  const { env } = surroundings({});
  const [input, output, errorOutput] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const session = new Session({
    config: { ...config, authFailure },
    command,
    environment: () => env,
    source,
    openPage: () => {},
    clock,
    log: createTestLog(),
    audit,
    redactor: new Redactor(),
    input,
    output,
    errorOutput,
  });
  const done = session.run();
  onTestFinished(async () => {
    input.end();
    await done;
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '0' } };
  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  await once(createInterface({ input: output }), 'line');
  return { clock, input, errorOutput, renewals: () => issued - 1, done };
}
