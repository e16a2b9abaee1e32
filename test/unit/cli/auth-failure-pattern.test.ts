// --auth-failure-pattern: which patterns are taken, what they see of a text, and that none can stop the process.
// Not for: what a match leads to (integration/auth-failure-pattern.test.ts).
import { expect, test } from 'vitest';
import { parseFailurePattern, withPatterns } from '../../../src/cli/auth-failure-pattern.ts';
import { createLog } from '../../../src/base/log.ts';
import { githubAuthFailure } from '../../../src/github/auth-failure.ts';

const FLAG = '--auth-failure-pattern';
const lines: string[] = [];
const log = createLog(
  'warn',
  (line) => lines.push(line),
  (text) => text,
);

/** Whether a rule with these patterns added to GitHub's takes the text for a failure. */
function matches(text: string, ...patterns: string[]): boolean {
  const rule = withPatterns(
    githubAuthFailure,
    patterns.map((pattern) => parseFailurePattern(pattern, FLAG)),
    log,
  );
  return rule.patterns.some((pattern) => pattern.test(text));
}

test.each([
  ['(', /"\("? is not a regular expression: Unterminated group/],
  ['401 [Unauthorized', /is not a regular expression: Unterminated character class/],
  ['*401', /is not a regular expression: Nothing to repeat/],
  ['', /matches the empty text/],
  ['.*', /matches the empty text/],
  ['401|', /matches the empty text/],
  ['/401 Unauthorized/', /has slashes around it/],
  ['/401\nUnauthorized/i', /has slashes around it/],
])('%j is refused by the name of its flag', (text, why) => {
  expect(() => parseFailurePattern(text, FLAG)).toThrow(why);
  expect(() => parseFailurePattern(text, FLAG)).toThrow(`${FLAG} "${text}"`);
});

test('a pattern is sought anywhere in the text, and the case of letters counts', () => {
  expect(matches('GitLab says: 401 Unauthorized.', '401 Unauthorized')).toBe(true);
  expect(matches('GitLab says: 401 unauthorized.', '401 Unauthorized')).toBe(false);
  expect(matches('GitLab says: 401 Unauthorized.', '^401 Unauthorized$')).toBe(false);
});

test.each(['/api/v4/user', '/api/v4/user: 401'])('a path is a pattern like any other: %s', (path) => {
  expect(matches('GET /api/v4/user: 401', path)).toBe(true);
});

test('it is added to those of the source, and to others of its kind', () => {
  const githubs = 'GET https://api.github.com/user: 401 Bad credentials []';
  expect(matches(githubs, 'token expired')).toBe(true);
  expect(matches('token expired', 'other', 'token expired')).toBe(true);
  expect(matches('token expired')).toBe(false);
});

test('the same text is judged the same way each time', () => {
  const { patterns } = withPatterns(githubAuthFailure, [parseFailurePattern('401 U', FLAG)], log);
  const last = patterns.at(-1);
  expect([last?.test('401 U'), last?.test('403'), last?.test('401 U')]).toEqual([true, false, true]);
});

test('without a pattern of a person the rule stays as it is, hints included', () => {
  expect(withPatterns(githubAuthFailure, [], log)).toBe(githubAuthFailure);
});

test('with one there is no word to search for: every failure is looked into', () => {
  const { hints } = withPatterns(githubAuthFailure, [/a/], log);
  expect(hints.some((hint) => Buffer.from('anything').includes(Buffer.from(hint)))).toBe(true);
});

test('of a long text the first 4096 characters are looked at', () => {
  expect(matches(`${'x'.repeat(4090)}401 U`, '401 U')).toBe(true);
  expect(matches(`${'x'.repeat(4092)}401 U`, '401 U')).toBe(false);
});

test('a pattern that takes for ever is given up, without a match, and said so', () => {
  const from = performance.now();
  expect(matches(`${'a'.repeat(64)}!`, '^(a+)+$')).toBe(false);
  expect(performance.now() - from).toBeLessThan(5_000);
  expect(lines.join('')).toContain(`${FLAG} ^(a+)+$ took over 100 ms`);
  // It is still of use for other texts.
  expect(matches('aaa', '^(a+)+$')).toBe(true);
});
