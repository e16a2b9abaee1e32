// Folders that live as long as a test, and the search for secrets in them.
// Not for: folders of a whole file or run; a test's end is what ends them.
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atTestEnd } from './test-end.ts';

/** A new folder, mode 0700, removed with all that is in it when the test ends. Only inside a test. */
export function tempDir(): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'gh-mcp-proxy-test-')));
  atTestEnd(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

/** All regular files under `dir`, as absolute paths in order. */
export function filesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(dir, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

export interface SecretSearch {
  /** Every file under these is read; a file's name is searched too. */
  readonly dirs?: readonly string[];
  /** Transcripts and outputs, under the name that an error gives them. */
  readonly buffers?: Readonly<Record<string, Buffer | string>>;
  /** At least 8 characters each: shorter ones are found by chance. */
  readonly secrets: readonly string[];
}

/**
 * Fails where a secret is found as it is, percent-encoded, in hexadecimal or in Base64 at any alignment. The error
 * names the place and the secret's number, not the secret.
 */
export function assertNoSecrets({ dirs = [], buffers = {}, secrets }: SecretSearch): void {
  const files = dirs.flatMap(filesUnder);
  const places = [
    ...Object.entries(buffers).map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) })),
    ...files.map((file) => ({
      name: file,
      bytes: Buffer.concat([Buffer.from(`${file}\n`), readFileSync(file)]),
    })),
  ];
  if (places.length === 0) throw new Error('nothing was given to search, so nothing was proved');
  if (secrets.length === 0) throw new Error('no secret was given to search for, so nothing was proved');
  for (const [number, secret] of secrets.entries()) {
    if (secret.length < 8) throw new Error(`secret ${number} is too short to be searched for`);
    for (const { name, bytes } of places) {
      const form = formsOf(secret).find(({ text }) => bytes.includes(text));
      if (form) throw new Error(`secret ${number} is in ${name} (${form.as})`);
    }
  }
}

function formsOf(secret: string): { as: string; text: string }[] {
  const bytes = Buffer.from(secret);
  // Base64 of a larger text that holds the secret depends on where in a group of three bytes it begins; the first
  // and the last characters also hold bits of its neighbours and are left out.
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(offset === 0 ? 0 : offset + 1, (offset + bytes.length) % 3 === 0 ? undefined : -1);
  });
  return [
    { as: 'as it is', text: secret },
    { as: 'percent-encoded', text: encodeURIComponent(secret) },
    { as: 'hexadecimal', text: bytes.toString('hex') },
    ...base64.flatMap((text) => [
      { as: 'Base64', text },
      { as: 'Base64url', text: text.replaceAll('+', '-').replaceAll('/', '_') },
    ]),
  ];
}
