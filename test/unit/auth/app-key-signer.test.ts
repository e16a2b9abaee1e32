// RS256 signatures with keys that come here: from a file, a variable, a command. Each is checked with the public key.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createSigner } from '../../../src/auth/app/signer.ts';
import { tempDir } from '../../support/temp.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import { makeKeyPair, signerFor } from './aws.ts';

const setting = '--app-private-key';
const first = makeKeyPair();
const second = makeKeyPair();
const input = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0';

/** A key file as GitHub's should be kept. */
function keyFile(text: string = first.pem, mode = 0o600): string {
  const file = path.join(tempDir(), "app's key.pem");
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
  return file;
}

describe('a file', () => {
  test('signs, and its key is kept out of logs from then on', async () => {
    const signer = signerFor({ kind: 'file', path: keyFile() });
    expect(first.verifies(input, await signer.sign(input))).toBe(true);
    expect(signer.concealed).toEqual([first.pem.trimEnd()]);
  });

  test('is read again for each signature', async () => {
    const file = keyFile();
    const { sign } = signerFor({ kind: 'file', path: file });
    await sign(input);
    writeFileSync(file, second.pem);
    expect(second.verifies(input, await sign(input))).toBe(true);
  });

  test('may be in the home folder', async () => {
    const file = keyFile();
    const { sign } = signerFor(
      { kind: 'file', path: `~/${path.basename(file)}` },
      { HOME: path.dirname(file) },
    );
    expect(first.verifies(input, await sign(input))).toBe(true);
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o660, 0o644, 0o620])(
    'of mode %o is refused with the command that mends it',
    async (mode) => {
      const file = keyFile(first.pem, mode);
      const signer = signerFor({ kind: 'file', path: file });
      const refusal = await rejection(signer.sign(input));
      expect(refusal).toMatchObject({
        code: 'exposed_private_key',
        message: expect.stringContaining(`has mode ${mode.toString(8)}`) as string,
        next: `Run: chmod 600 '${file.replace("'", "'\\''")}'`,
      });
      expect((refusal as RefusedError).message).toContain('GITHUB_APP_PRIVATE_KEY_PATH');
      assertHarmless(refusal, first.pieces);
      chmodSync(file, 0o600);
      expect(first.verifies(input, await signer.sign(input))).toBe(true);
    },
  );

  test('that is missing, a folder, empty, far too long or none names the setting and the path', async () => {
    const dir = tempDir();
    mkdirSync(path.join(dir, 'folder'));
    for (const [name, text, words] of [
      ['missing', undefined, 'does not exist'],
      ['folder', undefined, 'is a folder'],
      ['empty', '', 'is empty'],
      ['long', 'x'.repeat(70_000), 'is no PEM'],
      ['text', 'nothing of the kind', 'is no PEM'],
    ] as const) {
      if (text !== undefined) writeFileSync(path.join(dir, name), text, { mode: 0o600 });
      const refusal = await rejection(
        signerFor({ kind: 'file', path: path.join(dir, name), setting }).sign(input),
      );
      expect(refusal).toBeInstanceOf(RefusedError);
      expect((refusal as RefusedError).message).toContain(setting);
      expect((refusal as RefusedError).message).toContain(words);
      expect((refusal as RefusedError).next).not.toBe('');
    }
  });
});

describe('a variable', () => {
  test('signs with what it holds now', async () => {
    const env = { MY_KEY: first.pem.replaceAll('\n', '\\n') };
    const signer = signerFor({ kind: 'env', name: 'MY_KEY', setting }, env);
    expect(first.verifies(input, await signer.sign(input))).toBe(true);
    expect(signer.concealed).toEqual([env.MY_KEY]);
    env.MY_KEY = second.pkcs8;
    expect(second.verifies(input, await signer.sign(input))).toBe(true);
  });

  test('that is not set is named', async () => {
    const refusal = await rejection(signerFor({ kind: 'env', name: 'MY_KEY', setting }).sign(input));
    expect(refusal).toMatchObject({
      code: 'no_secret',
      message: expect.stringMatching(/MY_KEY.*--app-private-key/) as string,
    });
  });

  test('of GitHub itself is named where it holds no key', async () => {
    const { sign } = signerFor({
      kind: 'pem',
      pem: new Secret('/etc/app.pem'),
      from: 'GITHUB_APP_PRIVATE_KEY',
    });
    expect(await rejection(sign(input))).toMatchObject({
      message: 'the private key of GITHUB_APP_PRIVATE_KEY is a path, not a key',
    });
  });
});

/** A command that prints a file. */
function printing(text: string) {
  const file = path.join(tempDir(), 'key');
  writeFileSync(file, text);
  return { source: { kind: 'command', command: `cat "${file}"`, setting } as const, file };
}

describe('a command', () => {
  const env = { PATH: process.env['PATH'] };

  test('signs, and is not run again for ten minutes', async () => {
    const { source, file } = printing(first.pem);
    const { sign, clock, concealed } = signerFor(source, env);
    expect(first.verifies(input, await sign(input))).toBe(true);
    expect(concealed).toEqual([first.pem.trimEnd()]);
    writeFileSync(file, second.pem);
    clock.advance(10 * 60_000 - 1);
    expect(first.verifies(input, await sign(input))).toBe(true);
    clock.advance(1);
    expect(second.verifies(input, await sign(input))).toBe(true);
  });

  test('is run again where a signature was refused', async () => {
    const { source, file } = printing(first.pem);
    const { sign, refused } = signerFor(source, env);
    await sign(input);
    writeFileSync(file, second.pem);
    refused();
    expect(second.verifies(input, await sign(input))).toBe(true);
  });

  test('that fails, prints no key, or has lost its file is told of, and run anew for the next signature', async () => {
    const { source, file } = printing('no key');
    const { sign } = signerFor(source, env);
    expect(await rejection(sign(input))).toMatchObject({ code: 'bad_private_key' });
    rmSync(file);
    expect(await rejection(sign(input))).toMatchObject({
      code: 'helper_failed',
      message: expect.stringContaining(setting) as string,
    });
    writeFileSync(file, first.pem);
    expect(first.verifies(input, await sign(input))).toBe(true);
  });

  test('that does not end is stopped', async () => {
    const signer = createSigner(
      { kind: 'command', command: 'exec sleep 600', setting },
      { env, timeoutMs: 50, clock: systemClock },
    );
    const failure = await rejection(signer(input, neverAborted));
    expect(failure).toBeInstanceOf(UnreachableError);
    expect((failure as UnreachableError).message).toContain(setting);
  });
});

test('nothing is read for a signature that nobody waits for', async () => {
  const { sign, concealed } = signerFor({ kind: 'file', path: keyFile() });
  const reason = new Error('nobody waits');
  expect(await rejection(sign(input, AbortSignal.abort(reason)))).toBe(reason);
  expect(concealed).toEqual([]);
});
