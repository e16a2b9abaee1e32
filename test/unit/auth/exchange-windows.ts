// Several windows over one vault, one broker, and one GitHub whose tokens it gives out: what the tests of `exchange` begin
// with. Not for: the device flow (windows.ts).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { decide } from '../../../fixtures/broker/browser.mjs';
import { CLIENT, startBroker } from '../../../fixtures/broker/emulator.mjs';
import type { Options as BrokerOptions } from '../../../fixtures/broker/emulator.mjs';
import { CLIENT_IDS, startGithub } from '../../../fixtures/github/emulator.mjs';
import { createExchangeSource } from '../../../src/auth/exchange.ts';
import type { ExchangeTexts } from '../../../src/auth/exchange/options.ts';
import { parseExchangeSettings } from '../../../src/auth/exchange/settings.ts';
import type { Credential, LoginPrompt, LoginRequest, TokenSource } from '../../../src/auth/token-source.ts';
import type { AuditEntry } from '../../../src/base/audit.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { createMemoryVault } from '../../../src/vault/memory.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { promised } from '../../support/promised.ts';
import type { ProcessVault } from '../../support/shared-memory-vault.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import { tempDir } from '../../support/temp.ts';
import type { TestLog } from '../../support/test-log.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted } from '../github/support.ts';

export const SECRET_VARIABLE = 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET';

export interface Window {
  readonly source: TokenSource;
  readonly vault: ProcessVault;
  readonly log: TestLog;
  readonly audit: AuditEntry[];
  readonly concealed: Secret[];
  /** As by kill -9. */
  kill(): void;
}

export interface PendingLogin {
  readonly outcome: Promise<Credential>;
  readonly prompts: readonly LoginPrompt[];
  /** Resolves with the prompt that is shown as the `count`th. */
  prompt(count?: number): Promise<LoginPrompt>;
  readonly close: () => void;
}

export async function openBroker(options: BrokerOptions = {}) {
  const clock = createHurriedClock();
  const now = (): number => clock.now();
  const github = await startGithub({ now });
  onTestFinished(() => github.close());
  const broker = await startBroker({
    now,
    upstreamMs: 5,
    upstream: {
      issue: (login, scopes) => {
        const { accessToken } = github.issue(CLIENT_IDS.oauthApp, login, scopes.join(','));
        return { accessToken, expiresIn: 3600 };
      },
      revoke: (token) => github.revoke(token),
    },
    ...options,
  });
  onTestFinished(() => broker.close());
  const memory = createSharedMemory();
  const subjectFile = path.join(tempDir(), 'subject');
  const present = (login: string, more: Parameters<typeof broker.subjectToken>[1] = {}): void =>
    writeFileSync(subjectFile, broker.subjectToken(login, more));
  present('octocat');

  /** A window, with a subject token in a file unless a test says otherwise. */
  const open = (
    texts: ExchangeTexts = {},
    env: Record<string, string> = {},
    { isShared = true } = {},
  ): Window => {
    const vault = memory.process();
    const log = createTestLog();
    const audit: AuditEntry[] = [];
    const concealed: Secret[] = [];
    let isStopped = false;
    const settings = parseExchangeSettings(
      {
        'exchange-token-endpoint': [`${broker.url}/oauth/token`],
        'exchange-client-id': [CLIENT.clientId],
        'exchange-preset': ['authplane'],
        'exchange-resource': ['github'],
        'subject-token-file': [subjectFile],
        ...texts,
      },
      { [SECRET_VARIABLE]: CLIENT.secret, ...env },
    );
    const source = createExchangeSource({
      settings,
      host: parseGithubHost(github.url),
      env: { PATH: process.env['PATH'] ?? '', [SECRET_VARIABLE]: CLIENT.secret, ...env },
      profile: 'default',
      vault: isShared ? vault : createMemoryVault(),
      clock: {
        ...clock,
        after: (ms, run) =>
          clock.after(ms, () => {
            if (!isStopped) run();
          }),
      },
      log,
      audit: { note: (entry) => void audit.push(entry), flush: () => Promise.resolve() },
      conceal: (secret) => void concealed.push(secret),
    });
    const kill = (): void => {
      isStopped = true;
      vault.kill();
    };
    return { source, vault, log, audit, concealed, kill };
  };

  return {
    clock,
    github,
    broker,
    memory,
    present,
    open,
    startLogin,
    /** Opens a page as a person does. */
    decide,
    outcomes: () => broker.exchanges.map(({ outcome }) => outcome),
    logIn: (window: Window, request: Partial<LoginRequest> = {}) => startLogin(window, request).outcome,
    refresh: ({ source }: Window, stale: Credential) => source.refresh(stale, neverAborted),
    token: ({ accessToken }: Credential) => accessToken.reveal(),
  };
}

function startLogin({ source }: Window, request: Partial<LoginRequest> = {}): PendingLogin {
  const closing = new AbortController();
  const prompts: LoginPrompt[] = [];
  const shown = Array.from({ length: 4 }, () => promised<LoginPrompt>());
  const onPrompt = (prompt: LoginPrompt): void => {
    shown[prompts.length]?.[1](prompt);
    prompts.push(prompt);
  };
  const outcome = source.login({ scopes: [], onPrompt, closing: closing.signal, ...request }, neverAborted);
  outcome.catch(() => {});
  return {
    outcome,
    prompts,
    prompt: (count = 1) => shown[count - 1]?.[0] ?? Promise.reject(new Error('so many are not counted')),
    close: () => closing.abort(new Error('the proxy ends')),
  };
}
