// A GitHub host as a person writes it, turned into the origins to talk to (FACTS, Hosts).
// Not for: requests to them (http.ts), or other OAuth issuers.
import { UsageError } from '../base/errors.ts';
import { isLoopback, parseUrl } from '../net/web-address.ts';

export interface GithubHost {
  /** As a person knows it, with its port where it has one: `github.com`, `octo.ghe.com`, `git.example.com:8443`. */
  readonly label: string;
  /** The origin of login pages and OAuth endpoints, such as `https://github.com`. */
  readonly loginUrl: string;
  /** The REST base without a trailing slash, such as `https://api.github.com` or `https://git.example.com/api/v3`. */
  readonly apiUrl: string;
  readonly kind: 'github.com' | 'ghe.com' | 'ghes';
}

const GITHUB_COM: GithubHost = {
  label: 'github.com',
  loginUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
  kind: 'github.com',
};

/**
 * @param text `github.com`, `SUB.ghe.com`, a GHES host with an optional port, or the `https://` URL of one; `http://`
 *   only for loopback
 * @throws {UsageError} anything else, saying what is wrong with it; a password in the text is not repeated
 */
export function parseGithubHost(text: string): GithubHost {
  const trimmed = text.trim();
  if (trimmed === '') throw unusable('is empty');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (trimmed.includes('@')) throw unusable('must not contain a user name or password');
  if (scheme !== undefined && scheme !== 'https' && scheme !== 'http') {
    throw unusable(`is "${trimmed}", but ${scheme}:// is no way to talk to GitHub`);
  }
  const url = parseUrl(scheme === undefined ? `https://${trimmed}` : trimmed);
  if (!url || url.hostname === '') throw unusable(`is "${trimmed}", which is no host name`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw unusable(`is "${trimmed}", but only the host is wanted, without a path`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw unusable(`is "${trimmed}", but https is needed: http is for loopback addresses only`);
  }
  return endpointsOf(url, trimmed);
}

function endpointsOf(url: URL, text: string): GithubHost {
  const hostname = url.hostname.replace(/\.$/, '');
  const isGithubCom = /^(?:(?:api|www)\.)?github\.com$/.test(hostname);
  const isGheCom = hostname === 'ghe.com' || hostname.endsWith('.ghe.com');
  if ((isGithubCom || isGheCom) && url.port !== '')
    throw unusable(`is "${text}", but that host has no other port`);
  if (isGithubCom) return GITHUB_COM;
  if (isGheCom) {
    const subdomain = /^(?:api\.)?([a-z0-9-]+)\.ghe\.com$/.exec(hostname)?.[1];
    if (subdomain === undefined || subdomain === 'api') {
      throw unusable(`is "${text}", but a host of GitHub Enterprise Cloud looks like SUBDOMAIN.ghe.com`);
    }
    const label = `${subdomain}.ghe.com`;
    return { label, loginUrl: `https://${label}`, apiUrl: `https://api.${label}`, kind: 'ghe.com' };
  }
  const label = url.port === '' ? hostname : `${hostname}:${url.port}`;
  const origin = `${url.protocol}//${label}`;
  return { label, loginUrl: origin, apiUrl: `${origin}/api/v3`, kind: 'ghes' };
}

function unusable(why: string): UsageError {
  return new UsageError(`the GitHub host (--gh-host, GITHUB_HOST) ${why}`, {
    next: 'Give a host such as github.com, octo.ghe.com or git.example.com:8443.',
  });
}
