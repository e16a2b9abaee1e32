// Which texts of servers for other services mean a dead token, and which only talk about one.
import { expect, test } from 'vitest';
import { anyAuthFailure } from '../../../src/auth/failure-rules.ts';

const { hints, patterns } = anyAuthFailure;
const matches = (text: string): boolean => patterns.some((pattern) => pattern.test(text));

test.each([
  ['@modelcontextprotocol/server-gitlab', 'GitLab API error: Unauthorized'],
  ['@zereight/mcp-gitlab', 'GitLab API error: 401 Unauthorized'],
  [
    '@zereight/mcp-gitlab, with the body',
    'GitLab API error: 401 Unauthorized\n{"error":"invalid_token","error_description":"Token is expired. You can either do re-authorization or token refresh."}',
  ],
  ['github-mcp-server', 'failed to get user: GET https://api.github.com/user: 401 Bad credentials []'],
])('%s', (_server, text) => {
  expect(matches(text)).toBe(true);
  const inJson = JSON.stringify(text);
  expect(hints.some((hint) => inJson.includes(hint))).toBe(true);
});

test.each([
  'GitLab API error: Forbidden',
  'GitLab API error: 403 Forbidden\n{"message":"401 Unauthorized"}',
  'GitLab API error: Unauthorized is what you see when a token has expired',
  'The job failed with: GitLab API error: Unauthorized',
  'Unauthorized',
])('%j is not one', (text) => {
  expect(matches(text)).toBe(false);
});

test('a hostile text does not take long', () => {
  const text = `GitLab API error: 401 Unauthorized\n${'\n'.repeat(1_000_000)}`;
  const from = performance.now();
  expect(matches(text)).toBe(false);
  expect(performance.now() - from).toBeLessThan(500);
});
