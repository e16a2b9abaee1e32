// The commands for logins that are not GitHub's: at a broker, and at an authorization server of somebody else.
// Not for: sessions with them (exchange.test.ts, oauth.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT, startBroker } from '../../fixtures/broker/emulator.mjs';
import { OIDC_CLIENTS, startIssuer } from '../../fixtures/oidc/issuer.mjs';
import { runCommand, startCommand } from '../support/command.ts';
import { codeIn } from '../support/login.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';
import { atTestEnd } from '../support/test-end.ts';

function profileIn(stateDir: string): unknown {
  return JSON.parse(readFileSync(path.join(stateDir, 'profiles.json'), 'utf8'));
}

test('a broker: a token without a login, a login without a person, and what is kept of it', async () => {
  let issued = 0;
  // Not like GitHub's, which would be asked for the account's name.
  const issue = () => ({ accessToken: `token-of-some-service-${(issued += 1)}`, expiresIn: 3600 });
  const broker = await startBroker({ upstream: { issue, revoke: () => {} } });
  atTestEnd(() => broker.close());
  broker.consent('octocat');
  const [stateDir, subject] = [path.join(tempDir(), 'state'), path.join(tempDir(), 'subject')];
  writeFileSync(subject, broker.subjectToken('octocat'));
  const env = { GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: CLIENT.secret };
  const at = ['--state-dir', stateDir];
  const kept = ['--store', 'file', ...at];
  const endpoint = `${broker.url}/oauth/token`;
  const settings = ['--exchange-token-endpoint', endpoint, '--exchange-client-id', CLIENT.clientId].concat([
    '--exchange-resource',
    'github',
    '--subject-token-file',
    subject,
  ]);

  const token = await runCommand(['token', ...settings, ...kept], { env });
  expect(token).toMatchObject({ code: 0, stderr: '' });
  expect(broker.handedOut.at(-1)).toBe(token.stdout.trim());

  const login = await runCommand(['login', '--profile', 'vault', ...settings, ...kept], { env });
  expect(login).toMatchObject({ code: 0, stdout: '' });
  expect(login.stderr).toContain('Kept in: file (key file), as the profile vault');
  expect(profileIn(stateDir)).toEqual({
    profiles: {
      vault: {
        auth: 'exchange',
        store: 'file',
        options: {
          'exchange-token-endpoint': endpoint,
          'exchange-client-id': CLIENT.clientId,
          'exchange-resource': 'github',
          'subject-token-file': subject,
        },
      },
    },
  });
  const [named, renewed] = [['--profile', 'vault', ...at], broker.handedOut.length];
  expect(await runCommand(['refresh', ...named], { env })).toMatchObject({ code: 0 });
  expect(broker.handedOut.length).toBe(renewed + 1);

  // Both logins are known by their records; how to get another token for the first is not.
  const status = await runCommand(['status', '--json', ...at]);
  expect(status.code).toBe(0);
  const { logins } = JSON.parse(status.stdout) as { logins: Record<string, unknown>[] };
  const all = logins.map(({ mode, issuer, profile, usable }) => ({ mode, issuer, profile, usable }));
  const one = { mode: 'exchange', issuer: endpoint, usable: true };
  expect(all).toHaveLength(2);
  expect(all).toEqual(
    expect.arrayContaining([
      { ...one, profile: 'default' },
      { ...one, profile: 'vault' },
    ]),
  );

  expect(await runCommand(['logout', ...named], { env })).toMatchObject({ code: 0 });
  const forgotten = await runCommand(['logout', ...at]);
  expect(forgotten.code).toBe(0);
  expect(forgotten.stderr).toContain('Its token was not revoked');
  expect(JSON.parse((await runCommand(['status', '--json', ...at], { env })).stdout)).toMatchObject({
    logins: [{ profile: 'vault', state: 'none' }],
  });
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { said: login.stderr + status.stdout + forgotten.stderr },
    secrets: [CLIENT.secret, ...broker.secrets()],
  });
});

test('an issuer: one code, a profile that says all, and the command that is printed for it', async () => {
  const issuer = await startIssuer({ interval: 0.05 });
  atTestEnd(() => issuer.close());
  const stateDir = path.join(tempDir(), 'state');
  const at = ['--state-dir', stateDir];
  const id = [
    '--issuer',
    issuer.url,
    '--oauth-client-id',
    OIDC_CLIENTS.public,
    '--oauth-scopes',
    'openid api',
  ];
  const login = startCommand(['login', ...id, '--store', 'file', ...at]);
  login.child.stdin.end();
  const [code] = await login.waitFor(/\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/);
  await issuer.approve(codeIn(code));
  const { code: exitCode, stderr } = await login.ended;
  expect({ exitCode, isNamed: stderr.includes('Logged in as tanuki') }).toEqual({
    exitCode: 0,
    isNamed: true,
  });

  const host = issuer.url.replace('http://', '');
  const status = await runCommand(['status', ...at]);
  expect(status.code).toBe(0);
  expect(status.stdout).toMatch(/^Mode: oauth, because the profile default says so\n/);
  expect(status.stdout).toContain(`✓ Logged in to ${host} account tanuki`);
  const token = await runCommand(['token', ...at]);
  expect(await issuer.accountOf(token.stdout.trim())).toBeDefined();

  expect(await runCommand(['logout', ...at])).toMatchObject({ code: 0 });
  expect(await issuer.accountOf(token.stdout.trim())).toBeUndefined();
  const gone = await runCommand(['token', ...at]);
  expect(gone).toMatchObject({ code: 4, stdout: '' });
  expect(gone.stderr).toContain(`To log in, run: gh-mcp-proxy login --state-dir ${stateDir}`);
});
