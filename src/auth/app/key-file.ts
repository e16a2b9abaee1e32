// A private key in a file, read only where nobody but its owner can read it.
// Not for: other secrets in files (../secret-source.ts), which may be mounted for a group on purpose.
import { stat } from 'node:fs/promises';
import { RefusedError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { SecretReading } from '../secret-source.ts';
import { inHome, readSecret } from '../secret-source.ts';

/** The permission bits of everybody but the owner. */
const OTHERS = 0o077;
/** No PEM is a tenth as long. In bytes. */
const LARGEST = 64 * 1024;

/**
 * Its text, read anew at each call: whoever replaces the key replaces the file.
 * @throws {RefusedError} `exposed_private_key`: others may read it, with the command that mends it;
 *   `bad_private_key`: it is far too long; `no_secret` (secret-source.ts)
 * @throws the signal's reason
 */
export async function readKeyFile(file: string, reading: SecretReading): Promise<Secret> {
  const place = inHome(file, reading.env);
  // One that cannot be looked at cannot be read either, and that is told below.
  const found = await stat(place).catch(() => undefined);
  if (found?.isFile()) {
    if (process.platform !== 'win32' && (found.mode & OTHERS) !== 0)
      throw new RefusedError(
        'exposed_private_key',
        `the private key of ${reading.what} can be read by others (${place} has mode ${(found.mode & 0o777).toString(8)})`,
        { next: `Run: chmod 600 ${quoted(place)}` },
      );
    if (found.size > LARGEST)
      throw new RefusedError(
        'bad_private_key',
        `the private key of ${reading.what} is no PEM: ${place} has ${found.size} bytes`,
        { next: 'Give the .pem file that GitHub made.' },
      );
  }
  return readSecret({ kind: 'file', path: file }, reading);
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./@%+,:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
