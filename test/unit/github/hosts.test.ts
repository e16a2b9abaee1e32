// Hosts as people write them, and the endpoints that follow (FACTS, Hosts).
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';

describe('a GitHub host', () => {
  test.each([
    'github.com',
    'GitHub.com',
    ' github.com ',
    'https://github.com/',
    'github.com.',
    'api.github.com',
    'https://github.com:443',
  ])('%j is github.com', (text) => {
    expect(parseGithubHost(text)).toEqual({
      label: 'github.com',
      loginUrl: 'https://github.com',
      apiUrl: 'https://api.github.com',
      kind: 'github.com',
    });
  });

  test.each(['octo.ghe.com', 'https://OCTO.ghe.com', 'api.octo.ghe.com'])('%j is on ghe.com', (text) => {
    expect(parseGithubHost(text)).toEqual({
      label: 'octo.ghe.com',
      loginUrl: 'https://octo.ghe.com',
      apiUrl: 'https://api.octo.ghe.com',
      kind: 'ghe.com',
    });
  });

  test.each([
    ['git.example.com', 'git.example.com', 'https://git.example.com'],
    ['git.example.com:8443', 'git.example.com:8443', 'https://git.example.com:8443'],
    ['https://git.example.com:443/', 'git.example.com', 'https://git.example.com'],
    ['localhost:3000', 'localhost:3000', 'https://localhost:3000'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://127.8.9.1:3000', '127.8.9.1:3000', 'http://127.8.9.1:3000'],
    ['http://localhost:3000/', 'localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', '[::1]:3000', 'http://[::1]:3000'],
    ['notgithub.com', 'notgithub.com', 'https://notgithub.com'],
    ['github.com.example.org', 'github.com.example.org', 'https://github.com.example.org'],
  ])('%j is an Enterprise Server', (text, label, origin) => {
    expect(parseGithubHost(text)).toEqual({
      label,
      loginUrl: origin,
      apiUrl: `${origin}/api/v3`,
      kind: 'ghes',
    });
  });

  test.each([
    ['', /is empty/],
    ['   ', /is empty/],
    ['http://github.com', /https is needed/],
    ['http://git.example.com', /https is needed/],
    ['http://127.0.0.1.example.com', /https is needed/],
    ['http://localhost.example.com', /https is needed/],
    ['ftp://git.example.com', /ftp:\/\/ is no way/],
    ['ssh://git.example.com', /ssh:\/\/ is no way/],
    ['https://git.example.com/api/v3', /only the host is wanted/],
    ['github.com/octocat', /only the host is wanted/],
    ['git.example.com?x=1', /only the host is wanted/],
    ['git.example.com#x', /only the host is wanted/],
    ['git example com', /no host name/],
    ['git.example.com:port', /no host name/],
    ['https://', /no host name/],
    ['github.com:8443', /no other port/],
    ['ghe.com', /SUBDOMAIN\.ghe\.com/],
    ['api.ghe.com', /SUBDOMAIN\.ghe\.com/],
    ['a.b.ghe.com', /SUBDOMAIN\.ghe\.com/],
  ])('%j is refused', (text, why) => {
    expect(() => parseGithubHost(text)).toThrow(UsageError);
    expect(() => parseGithubHost(text)).toThrow(why);
    expect(() => parseGithubHost(text)).toThrow(/--gh-host/);
  });

  test('with a password in it is refused without repeating the password', () => {
    expect(() => parseGithubHost('https://octocat:hunter22@git.example.com')).toThrow(
      /^(?!.*hunter22).*user name or password/,
    );
  });
});
