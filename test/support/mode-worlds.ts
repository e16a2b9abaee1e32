// For each mode the world that its example in the README is about: hosts, brokers, keys and a person, as emulators.
// Not for: the examples, or the machine that they run on (readme-modes.ts).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startAws } from '../../fixtures/aws/emulator.mjs';
import { startBroker } from '../../fixtures/broker/emulator.mjs';
import { writeHosts } from '../../fixtures/gh/hosts.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { startGitlab } from '../../fixtures/gitlab/api.mjs';
import { OIDC_CLIENTS, startIssuer } from '../../fixtures/oidc/issuer.mjs';
import type { AuthMode } from '../../src/cli/auth-modes.ts';
import { codeIn, startTestGithub } from './login.ts';
import { visit } from './page-visitor.ts';
import type { Machine, Replacement } from './readme-modes.ts';
import { atTestEnd } from './test-end.ts';
import { newToken } from './unattended.ts';

/** The variable of github-mcp-server. */
export const TOKEN_ENV = 'GITHUB_PERSONAL_ACCESS_TOKEN';

/** The world that the example of a mode is about. */
export interface World {
  readonly replacements?: readonly Replacement[];
  /** What is in the environment, as the documentation of the mode has it, and what leads to the emulators. */
  readonly env: Readonly<Record<string, string>>;
  /** What a person does who was shown this text. */
  readonly logIn?: (text: string) => unknown;
  /** The variable of the server; default {@link TOKEN_ENV}. */
  readonly tokenEnv?: string;
  /** A call that only the right token is good for, and what is in its answer; default: whose the token is. */
  readonly tool?: readonly [name: string, args: Record<string, string>, answer: string];
  readonly isRight: (token: string) => unknown;
  readonly because: string;
  readonly secrets: () => readonly string[];
}

/** The app that a person has registered. */
const APP = { clientId: 'Iv23liYOURCLIENTID', kind: 'github-app' } as const;
const ORGANIZATION = { login: 'my-org', id: 4711, name: 'My organization' };
export const OF_ORGANIZATION = [
  'get_repository',
  { repository: 'my-org/secret-garden' },
  'my-org/secret-garden',
] as const;
export const CLIENT_SECRET = 'client-secret-of-these-tests-0123456789';
export const BROKER_CLIENT = {
  clientId: 'my-client',
  secret: CLIENT_SECRET,
  methods: ['client_secret_post'] as const,
};

/** A broker whose tokens are good at this GitHub, and where octocat has consented. */
export async function startTestBroker(github: GithubEmulator) {
  const broker = await startBroker({
    clients: [BROKER_CLIENT],
    upstream: {
      issue: (login, scopes) => {
        const { accessToken } = github.issue(CLIENT_IDS.oauthApp, login, scopes.join(','));
        return { accessToken, expiresIn: 3600 };
      },
    },
  });
  atTestEnd(() => broker.close());
  broker.consent('octocat');
  return broker;
}

/** A GitHub where my-org has installed the app 123456; and all that its key and its JWTs must not be found by. */
export async function startWithApp() {
  const github = await startTestGithub({
    users: [{ login: 'octocat', id: 583231, name: 'The Octocat' }, ORGANIZATION],
    apps: [{ appId: 123456, installations: [{ id: 11, account: ORGANIZATION.login }] }],
  });
  const [app] = github.apps;
  if (!app) throw new Error('the emulator has no app');
  const jwts = (): string[] =>
    github.requests
      .map(({ authorization }) => authorization?.split(' ')[1] ?? '')
      .filter((one) => one.includes('.'));
  const key = app.privateKey.split('\n').filter((line) => line.length > 20 && !line.includes('-----'));
  return { github, app, secrets: () => [...github.secrets(), ...jwts(), ...key] };
}

/** A world in which a token is there, and some program knows it. */
async function withToken(): Promise<Pick<World, 'env' | 'isRight' | 'secrets'> & { token: string }> {
  const github = await startTestGithub();
  const token = newToken(github);
  const isRight = (given: string): boolean => given === token;
  return { token, env: { GITHUB_HOST: github.url }, isRight, secrets: () => github.secrets() };
}

/** Whether a token is the newest of the person's login, of a GitHub App. */
function isLogin(github: GithubEmulator, token: string): boolean {
  return token.startsWith('ghu_') && github.liveTokens({ clientId: APP.clientId }).includes(token);
}

export const WORLDS: Readonly<Record<AuthMode, (machine: Machine) => Promise<World>>> = {
  device: async () => {
    const github = await startTestGithub({ clients: [APP] });
    return {
      env: { GITHUB_HOST: github.url },
      logIn: (text) => github.approve(codeIn(text)),
      isRight: (token) => isLogin(github, token),
      because: '--oauth-client-id is given',
      secrets: () => github.secrets(),
    };
  },

  browser: async () => {
    const github = await startTestGithub({
      clients: [{ ...APP, clientSecret: CLIENT_SECRET, deviceFlow: false }],
    });
    return {
      replacements: [['GITHUB_OAUTH_CLIENT_SECRET=...', `GITHUB_OAUTH_CLIENT_SECRET=${CLIENT_SECRET}`]],
      // There is a browser; the page is opened by the test.
      env: { GITHUB_HOST: github.url, GH_MCP_PROXY_OPEN_BROWSER: 'always' },
      logIn: (text) => visit(/http:\S+\/login\/oauth\/authorize\?\S+/.exec(text)?.[0] ?? ''),
      isRight: (token) => isLogin(github, token),
      because: '--auth is given',
      secrets: () => [CLIENT_SECRET, ...github.secrets()],
    };
  },

  'github-app': async () => {
    const { github, app, secrets } = await startWithApp();
    const aws = await startAws({ keys: [{ id: 'of-the-app', alias: 'my-app', privateKey: app.privateKey }] });
    atTestEnd(() => aws.close());
    return {
      env: { GITHUB_HOST: github.url, ...aws.environment },
      tool: OF_ORGANIZATION,
      isRight: (token) => token.startsWith('ghs_') && github.liveTokens().includes(token),
      because: '--app-id is given',
      secrets: () => [...secrets(), ...aws.secretsInUse()],
    };
  },

  exchange: async ({ home }) => {
    const github = await startTestGithub();
    const broker = await startTestBroker(github);
    writeFileSync(path.join(home, 'subject.jwt'), broker.subjectToken('octocat'), { mode: 0o600 });
    writeFileSync(path.join(home, 'secret.txt'), `${CLIENT_SECRET}\n`, { mode: 0o600 });
    return {
      replacements: [['https://broker.example', broker.url]],
      env: { GITHUB_HOST: github.url },
      isRight: (token) => broker.handedOut.includes(token),
      because: '--exchange-issuer is given',
      secrets: () => [CLIENT_SECRET, ...broker.secrets(), ...github.secrets()],
    };
  },

  oauth: async () => {
    const issuer = await startIssuer({ interval: 0.05 });
    const gitlab = await startGitlab({ accountOf: (token) => issuer.accountOf(token) });
    atTestEnd(() => Promise.all([issuer.close(), gitlab.close()]));
    return {
      replacements: [
        ['https://gitlab.com', issuer.url],
        ['YOUR_APPLICATION_ID', OIDC_CLIENTS.public],
      ],
      env: { GITLAB_API_URL: gitlab.url },
      logIn: (text) => issuer.approve(codeIn(text)),
      tokenEnv: 'GITLAB_PERSONAL_ACCESS_TOKEN',
      tool: ['search_repositories', { search: 'garden' }, 'tanuki/garden'],
      isRight: async (token) => (await issuer.accountOf(token)) === 'tanuki',
      because: '--issuer is given',
      secrets: () => issuer.secrets(),
    };
  },

  gh: async ({ home: HOME }) => {
    const { token, ...world } = await withToken();
    const { host } = new URL(world.env['GITHUB_HOST'] ?? '');
    writeHosts({ HOME }, { [host]: { user: 'octocat', users: { octocat: token } } });
    return { ...world, because: '--auth is given' };
  },

  command: async ({ install }) => {
    const { token, ...world } = await withToken();
    install('vault', `[ "$*" = 'kv get -field=token secret/github' ] && echo '${token}'`);
    return { ...world, because: '--token-command is given' };
  },

  env: async () => {
    const { token, ...world } = await withToken();
    return {
      ...world,
      replacements: [[`${TOKEN_ENV}=...`, `${TOKEN_ENV}=${token}`]],
      because: '--auth is given',
    };
  },
};
