// Answers of a server that is not GitHub, or no friend: nothing unchecked reaches a terminal, a browser or a header.
import { describe, expect, test } from 'vitest';
import { UnreachableError } from '../../../src/base/errors.ts';
import { parseDeviceCode } from '../../../src/net/device-code.ts';
import { parseTokenGrant } from '../../../src/net/token-grant.ts';
import { assertHarmless } from '../github/support.ts';

const GITHUB = { label: 'github.com', setting: '--gh-host (GITHUB_HOST)' };

describe('the answer with a device code', () => {
  const good = {
    device_code: '3584d83530557fdd1f46af8289938c8ef79f9dc5',
    user_code: 'WDJB-MJHT',
    verification_uri: 'https://github.com/login/device',
    expires_in: 900,
    interval: 5,
  };

  test('is taken over in milliseconds', () => {
    const { deviceCode, ...rest } = parseDeviceCode(good, 1000, GITHUB);
    expect(deviceCode.reveal()).toBe(good.device_code);
    expect(rest).toEqual({
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://github.com/login/device',
      expiresAt: 901_000,
      intervalMs: 5000,
    });
  });

  test('gets five seconds and fifteen minutes where it names none (RFC 8628, 3.2)', () => {
    const { interval: _interval, expires_in: _lifetime, ...bare } = good;
    expect(parseDeviceCode(bare, 0, GITHUB)).toMatchObject({ intervalMs: 5000, expiresAt: 900_000 });
    const odd = { ...good, interval: -1, expires_in: 'soon' };
    expect(parseDeviceCode(odd, 0, GITHUB)).toMatchObject({ intervalMs: 5000, expiresAt: 900_000 });
  });

  test.each<Record<string, unknown>>([
    { device_code: '' },
    { device_code: 7 },
    { user_code: undefined },
    { user_code: 'A\u001b[2JB' },
    { user_code: 'A B' },
    { user_code: 'A\nB' },
    { user_code: 'X'.repeat(33) },
    { verification_uri: undefined },
    { verification_uri: '/login/device' },
    { verification_uri: 'http://github.com/login/device' },
    { verification_uri: 'javascript:alert(1)' },
    { verification_uri: 'file:///etc/passwd' },
    { verification_uri: 'https://github.com@example.org/' },
    { verification_uri: `https://github.com/${'x'.repeat(512)}` },
  ])('is refused with %j', (fields) => {
    expect(() => parseDeviceCode({ ...good, ...fields }, 0, GITHUB)).toThrow(UnreachableError);
  });

  test('keeps http for loopback, and control characters out of the address', () => {
    const local = { ...good, verification_uri: 'http://127.0.0.1:3000/login\n/\u001bdevice' };
    expect(parseDeviceCode(local, 0, GITHUB).verificationUri).toBe('http://127.0.0.1:3000/login/%1Bdevice');
  });
});

describe('the answer with a token', () => {
  test('scopes come with commas or spaces, lifetimes as numbers or text; 0 means that nobody knows', () => {
    const fields = {
      access_token: 'gho_x',
      token_type: 'Bearer',
      scope: 'repo,gist read:org',
      expires_in: '60',
    };
    expect(parseTokenGrant(fields, 1000, GITHUB)).toMatchObject({
      scopes: ['repo', 'gist', 'read:org'],
      expiresAt: 61_000,
    });
    const bare = parseTokenGrant({ access_token: 'gho_x', expires_in: 0, refresh_token: '' }, 1000, GITHUB);
    expect(Object.keys(bare).sort()).toEqual(['accessToken', 'issuedAt', 'scopes']);
    expect(bare.scopes).toBeUndefined();
  });

  test.each(['9223372036854775807', 2 ** 63, 1e13, 1e306, -5, 'soon', true])(
    'an end that no date can hold (%j) is none',
    (seconds) => {
      const fields = { access_token: 'x', expires_in: seconds, refresh_token: 'y' };
      const grant = parseTokenGrant({ ...fields, refresh_token_expires_in: seconds }, Date.now(), GITHUB);
      expect([grant.expiresAt, grant.refreshTokenExpiresAt]).toEqual([undefined, undefined]);
    },
  );

  test('scopes that could do harm on a terminal are left out (RFC 6749, 3.3)', () => {
    const scope = `repo \u001b[31mred gist\u0007 ${'x'.repeat(257)} \u202eoper read:org`;
    expect(parseTokenGrant({ access_token: 'x', scope }, 0, GITHUB).scopes).toEqual(['repo', 'read:org']);
  });

  test.each<Record<string, unknown>>([
    { access_token: '' },
    { access_token: 7 },
    { access_token: 'ghu_thatIsNeverShown\nX: y' },
    { access_token: 'ghu_thatIsNeverShown\u0000' },
    { access_token: 'ghu_thatIsNeverShown', token_type: 'mac' },
    { access_token: 'ghu_thatIsNeverShown', refresh_token: 'ghr_ \n' },
  ])('is refused with %j, and not quoted', (fields) => {
    let thrown: unknown;
    try {
      parseTokenGrant(fields, 0, GITHUB);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UnreachableError);
    assertHarmless(thrown, ['ghu_thatIsNeverShown']);
  });
});
