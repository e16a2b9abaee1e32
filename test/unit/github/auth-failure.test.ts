// Which texts of an upstream mean a dead token, and which only talk about one (FACTS, github-mcp-server).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { githubAuthFailure } from '../../../src/github/auth-failure.ts';

const { hints, patterns } = githubAuthFailure;
const matches = (text: string): boolean => patterns.some((pattern) => pattern.test(text));

const failures = [
  'failed to get user: GET https://api.github.com/user: 401 Bad credentials []',
  'GET https://api.github.com/user: 401 Bad credentials []',
  'failed to list issues: failed to search: GET https://git.example.com:8443/api/v3/search/issues?q=a%20b&page=1: 401 Bad credentials []',
  'failed to create issue: POST http://127.0.0.1:3000/api/v3/repos/o/r/issues: 401 Requires authentication []',
  'failed to update: PATCH https://api.github.com/x: 401 Must specify two-factor authentication OTP code. [{Resource: Field: Code: Message:}]',
  String.raw`failed to list issues: non-200 OK status code: 401 Unauthorized body: "{\"message\":\"Bad credentials\",\"status\":\"401\"}"`,
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
  'failed to run: step one\nGET https://api.github.com/user: 401 Bad credentials []\nstep two',
  String.raw`failed: non-200 OK status code: 403 Forbidden body: "{\"message\":\"401\"}"`,
  'non-200 OK status code: 401 Unauthorized body: is what the documentation of the client says',
  'failed to call webhook: unexpected status 401: <html>Unauthorized</html>',
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

test('a long text is judged quickly', () => {
  const text = `${'GET https://'.repeat(20_000)}: 401 `;
  const from = performance.now();
  expect(matches(text)).toBe(false);
  expect(performance.now() - from).toBeLessThan(500);
});
