// A passphrase as a person hands it over: in a file that only they can read, or through a file descriptor.
// Not for: what is made of it (passphrase.ts). Never an argument or a variable, which other programs can see.
import { close, fstat, open, readFile } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { messageOf, StorageError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';

export type Passphrase =
  | { readonly kind: 'file'; readonly path: string }
  /** 3 or above: the first three are the client's. Read to its end and closed, once. */
  | { readonly kind: 'fd'; readonly fd: number };

/** Those below are stdin, stdout and stderr: the client's. */
const FIRST_FREE_FD = 3;
/** More than anybody types: what is longer is another file. */
const MOST_BYTES = 4096;
/** For a password manager that has to ask a person first. */
const PATIENCE_MS = 60_000;
/** The permission bits of everybody but the owner. */
const OTHERS = 0o077;
const hasModes = process.platform !== 'win32';

/**
 * The passphrase, as bytes in Latin-1, without the newline that ends most files.
 * @throws {StorageError} it cannot be read, is empty, or could be read by others
 */
export async function readPassphrase(from: Passphrase): Promise<Secret> {
  const place = from.kind === 'file' ? `the passphrase file ${from.path}` : `file descriptor ${from.fd}`;
  const bytes = await bytesFrom(from, place);
  const text = bytes.toString('latin1').replace(/\r?\n$/, '');
  if (text === '') {
    throw new StorageError(`${place} is empty, where a passphrase should be`, {
      next: 'Put one into it, in one line.',
    });
  }
  if (bytes.length > MOST_BYTES) {
    throw new StorageError(`${place} holds more than ${MOST_BYTES} bytes, which is no passphrase`, {
      next: 'Name the file that holds the passphrase.',
    });
  }
  return new Secret(text);
}

async function bytesFrom(from: Passphrase, place: string): Promise<Buffer> {
  try {
    if (from.kind === 'fd' && from.fd < FIRST_FREE_FD) {
      throw new StorageError(`file descriptor ${from.fd} belongs to the client`, {
        next: 'Use 3 or above, as in: --passphrase-fd 3 3<FILE',
      });
    }
    return from.kind === 'file' ? await privateBytes(from.path) : await drain(from.fd);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError(`cannot read the passphrase from ${place}: ${messageOf(error)}`, {
      next: 'See --passphrase-file and --passphrase-fd.',
      cause: error,
    });
  }
}

async function privateBytes(file: string): Promise<Buffer> {
  const fd = await promisify(open)(file, 'r');
  const found = await promisify(fstat)(fd);
  // A pipe (`<(pass show ...)`) has no permissions to speak of.
  if (hasModes && found.isFile() && (found.mode & OTHERS) !== 0) {
    close(fd);
    throw new StorageError(
      `the passphrase file ${file} can be read by others (mode ${(found.mode & 0o777).toString(8)})`,
      { next: `Run: chmod 600 ${file}` },
    );
  }
  return drain(fd);
}

/** Reads to the end, then closes. */
async function drain(fd: number): Promise<Buffer> {
  const found = await promisify(fstat)(fd);
  if (found.isFIFO() || found.isSocket()) {
    // Read as a file, a pipe that nobody ends would keep node from exiting.
    const pipe = new Socket({ fd, readable: true, writable: false });
    pipe.setTimeout(PATIENCE_MS, () => {
      pipe.destroy(new Error(`nobody has written to it or ended it for ${PATIENCE_MS / 1000} s`));
    });
    const chunks: Buffer[] = [];
    for await (const chunk of pipe) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  try {
    return await promisify(readFile)(fd);
  } finally {
    close(fd);
  }
}
