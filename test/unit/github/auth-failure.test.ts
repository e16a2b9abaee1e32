// Which texts of an upstream mean a dead token, and which only talk about one (FACTS, github-mcp-server).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { githubAuthFailure } from '../../../src/github/auth-failure.ts';

const { hints, patterns } = githubAuthFailure;
const matches = (text: string): boolean => patterns.some((pattern) => pattern.test(text));

const BAD = String.raw`"{\"message\":\"Bad credentials\",\"documentation_url\":\"https://docs.github.com/graphql\",\"status\":\"401\"}"`;
const RAW = `{
  "message": "Bad credentials",
  "documentation_url": "https://docs.github.com/rest",
  "status": "401"
}`;

/**
 * As github-mcp-server 1.10 puts it when what it asks is answered with 401: one text of each form and way to it, from
 * calls of its 89 tools, resources and completions, and from its source for what needs more than a 401 to be reached.
 */
const serverTexts = [
  ['get_me', 'failed to get user: GET https://api.github.com/user: 401 Bad credentials []'],
  ['completion/complete', 'GET http://127.0.0.1:40579/api/v3/user/orgs?per_page=100: 401 Bad credentials []'],
  [
    'get_latest_release, an error',
    'failed to get latest release: GET https://api.github.com/repos/o/r/releases/latest: 401 Bad credentials []',
  ],
  [
    'list_commits',
    'failed to list commits: : GET https://api.github.com/repos/o/r/commits?page=1: 401 Bad credentials []',
  ],
  [
    'search_code',
    "failed to search code with query 'repo:o/r bug': GET https://api.github.com/search/code?page=1&per_page=30&q=repo%3Ao%2Fr+bug: 401 Bad credentials []",
  ],
  [
    'search_code, a long query',
    `failed to search code with query '${'word '.repeat(150)}': GET https://api.github.com/search/code?q=${'word+'.repeat(150)}: 401 Bad credentials []`,
  ],
  [
    'list_dependabot_alerts',
    "failed to list alerts for repository 'o/r': GET https://api.github.com/repos/o/r/dependabot/alerts?per_page=30: 401 Bad credentials []",
  ],
  [
    'push_files, its second request',
    'failed to get base commit: GET https://api.octo.ghe.com/repos/o/r/git/commits/aaaa: 401 Bad credentials []',
  ],
  [
    'star_repository',
    'failed to star repository o/r: PUT https://api.github.com/user/starred/o/r: 401 Bad credentials []',
  ],
  [
    'actions_run_trigger',
    'failed to delete workflow run logs: DELETE https://api.github.com/repos/o/r/actions/runs/1/logs: 401 Bad credentials []',
  ],
  [
    'get_file_contents',
    'failed to resolve git reference: failed to get default branch reference: GET https://api.github.com/repos/o/r/git/ref/heads/main: 401 Bad credentials []',
  ],
  [
    'any, without a token',
    'failed to get user: GET https://api.github.com/user: 401 Requires authentication []',
  ],
  ['discussion_comment_write', `non-200 OK status code: 401 Unauthorized body: ${BAD}`],
  [
    'list_issues',
    `failed to look up issue fields for field_filters: non-200 OK status code: 401 Unauthorized body: ${BAD}`,
  ],
  [
    'list_issues, both ways',
    `failed to list issues: issue-fields query failed: non-200 OK status code: 401 Unauthorized body: ${BAD}; fallback query failed: non-200 OK status code: 401 Unauthorized body: ${BAD}`,
  ],
  [
    'projects_write',
    `failed to resolve issue: failed to resolve issue o/r#1: non-200 OK status code: 401 Unauthorized body: ${BAD}`,
  ],
  [
    'lockdown',
    `failed to check lockdown mode: failed to query repository metadata: non-200 OK status code: 401 Unauthorized body: ${BAD}`,
  ],
  ['actions_get, artifact', 'failed to get artifact download URL: unexpected status code: 401 Unauthorized'],
  ['actions_get, logs', 'failed to get workflow run logs: unexpected status code: 401 Unauthorized'],
  [
    'get_job_logs',
    'failed to get job logs: failed to get job logs for job 1: unexpected status code: 401 Unauthorized',
  ],
  ['resources/read, an error', `failed to fetch raw content: ${RAW}`],
  // NewGitHubAPIStatusErrorResponse: go-github reports a 401 itself first, as things are.
  ['a status that was looked at', `failed to get file: unexpected status 401: ${RAW}`],
] as const;

const failures = [
  ...serverTexts.map(([, text]) => text),
  'failed to list issues: failed to search: GET https://git.example.com:8443/api/v3/search/issues?q=a%20b&page=1: 401 Bad credentials []',
  'failed to update: PATCH https://api.github.com/x: 401 Must specify two-factor authentication OTP code. [{Resource: Field: Code: Message:}]',
  'failed to get file: unexpected status 401: {"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}',
  'Authentication Failed: Bad credentials',
  'Authentication Failed: Requires authentication',
  'Authentication Failed: Authentication failed',
];

const others = [
  'The build log says 401 Unauthorized for the registry.',
  'Issue #401: Bad credentials in the sample [bug]',
  'GET https://api.github.com/user: 401 Bad credentials [] is what I get; what should I do?',
  'failed to get user: GET https://api.github.com/user: 403 Resource protected by organization SAML enforcement. []',
  'failed to get file: GET https://api.github.com/repos/o/r/contents/401: 404 Not Found []',
  `GET https://api.github.com/user: 401 Bad credentials [${'no list of errors is that long '.repeat(40)}]`,
  'failed to run: step one\nGET https://api.github.com/user: 401 Bad credentials []\nstep two',
  String.raw`failed: non-200 OK status code: 403 Forbidden body: "{\"message\":\"401\"}"`,
  'non-200 OK status code: 401 Unauthorized body: is what the documentation of the client says',
  'failed to call webhook: unexpected status 401: <html>Unauthorized</html>',
  'failed to call webhook: unexpected status code: 401 Unauthorized',
  'failed to get logs: unexpected status code: 401 Unauthorized, says the log',
  'failed to get logs: unexpected status code: 403 Forbidden',
  'failed to fetch raw content: 401: Unauthorized',
  'failed to fetch raw content: {"message": "Not Found"}',
  // The storage of logs, whose addresses are signed: no token is sent there.
  'failed to get job logs: failed to download logs: HTTP 401',
  // Parts of these calls were done: made again, they would be done twice.
  `failed to create project view: failed to set filter: non-200 OK status code: 401 Unauthorized body: ${BAD}; failed to clean up created view PVTV_1: non-200 OK status code: 401 Unauthorized body: ${BAD}`,
  `failed to create project view: failed to set filter: non-200 OK status code: 401 Unauthorized body: ${BAD}; created view was cleaned up`,
  '{"failed_jobs":1,"logs":[{"error":"failed to get job logs for job 1: unexpected status code: 401 Unauthorized","job_id":1}]}',
  JSON.stringify({
    failed: 1,
    results: [{ error: { message: `non-200 OK status code: 401 Unauthorized body: ${BAD}` } }],
  }),
  // github-mcp-server tells nothing of the cause here.
  "failed to list projects for owner 'o': not found as user or organization",
  'could not determine owner type for o with project 1: owner is neither a user nor an org with this project',
  'failed to get repositories',
  'How do I fix "Authentication Failed: Bad credentials"?',
  'Authentication Failed: your SMTP server refused the password',
  'Requires authentication',
  'Bad credentials',
  '401',
  '',
];

describe('a text that means a dead token', () => {
  test.each(failures)('%s', (text) => {
    expect(matches(text)).toBe(true);
  });

  test.each(failures)('holds a hint, also inside JSON: %s', (text) => {
    const line = JSON.stringify({ jsonrpc: '2.0', id: 0, error: { code: 0, message: text } });
    expect(hints.some((hint) => line.includes(hint))).toBe(true);
  });

  test('is what server-github makes of a 401', async () => {
    const file = createRequire(import.meta.url).resolve(
      '@modelcontextprotocol/server-github/dist/common/errors.js',
    );
    const { createGitHubError } = (await import(pathToFileURL(file).href)) as {
      createGitHubError: (status: number, body: { message: string | undefined }) => Error;
    };
    // Its index.js prints a GitHubAuthenticationError as `Authentication Failed: ${error.message}`.
    for (const message of ['Bad credentials', 'Requires authentication', undefined]) {
      const error = createGitHubError(401, { message });
      expect(error.name).toBe('GitHubAuthenticationError');
      expect(matches(`Authentication Failed: ${error.message}`)).toBe(true);
    }
  });
});

test.each(others)('does not match: %j', (text) => {
  expect(matches(text)).toBe(false);
});

test.each([
  `${'GET https://'.repeat(20_000)}: 401 `,
  // Where each part may end is written all over it.
  'x: GET http://x: 401 [ [ [ [ [ '.repeat(30_000),
])('a long text is judged quickly: %.40s', (text) => {
  const from = performance.now();
  expect(matches(text)).toBe(false);
  expect(performance.now() - from).toBeLessThan(500);
});
