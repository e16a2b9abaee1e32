// Which scopes include which, as GitHub documents it.
import { expect, test } from 'vitest';
import { covers } from '../../../src/github/scopes.ts';

test.each<[string[], string[], boolean]>([
  [[], [], true],
  [['repo'], [], true],
  [['repo', 'gist'], ['gist', 'repo'], true],
  [['repo'], ['public_repo', 'repo:status'], true],
  [['public_repo'], ['repo'], false],
  [['admin:org'], ['read:org', 'write:org', 'manage_runners:org'], true],
  [['write:org'], ['read:org'], true],
  [['read:org'], ['write:org'], false],
  [['admin:org'], ['read:enterprise'], false],
  [['admin:repo_hook'], ['read:org'], false],
  [['user'], ['read:user', 'user:email'], true],
  [['repo'], ['notifications'], false],
  [['constructor'], ['read:org'], false],
])('%j covers %j: %s', (granted, wanted, expected) => {
  expect(covers(granted, wanted)).toBe(expected);
});
