// Bundles src/ into ESM chunks in dist/. Everything is bundled, so the published package has no dependencies to install
// but the optional one that speaks to keychains; what `run` does not need at once sits behind import() in chunks of its
// own.
// Not for: type checking (npm run types) or tests, which run the sources.
import { chmod, copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

// Built beside and moved into place, so that a command that runs meanwhile never finds half of it.
const fresh = `${dist}.${process.pid}`;
/** @type {import('esbuild').BuildOptions & { metafile: true }} */
const shared = {
  absWorkingDir: root,
  outdir: fresh,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // The AWS SDK comes as CommonJS too, which cannot be cut: all of each service, with every way to find credentials, in one
  // file of 600 KB, and it asks for Node's modules in a way that a bundle in ESM does not have.
  mainFields: ['module', 'main'],
  // Only the half of that SDK which is for browsers wants it, by an import() that would become a file all the same.
  external: ['bowser'],
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  define: { __VERSION__: JSON.stringify(manifest.version) },
  logLevel: 'warning',
};
/** @type {import('esbuild').BuildOptions & { metafile: true }} */
const program = {
  ...shared,
  entryPoints: ['src/bin.ts'],
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
};
const together = ['src/cli/main.ts', 'src/vault/disk.ts'].map((name) => path.join(root, name));
const results = await Promise.all([
  build({ ...program, plugins: [inOneFileEach(together, await importedLater(program))] }),
  // Processes of their own, which load one file each and nothing of the proxy's; GitHub's has no other server's code in it.
  build({ ...shared, entryPoints: ['src/refresher.ts', 'src/refresher-oauth.ts'] }),
]);
await giveRequire(results.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
await chmod(path.join(fresh, 'bin.js'), 0o755);
// Run as it is, by path, beside the chunk that runs it; the only code that needs a package at run time.
await copyFile(
  path.join(root, 'src/vault/keychain-helper.cjs'),
  path.join(fresh, 'chunks/keychain-helper.cjs'),
);
await writeFile(
  path.join(fresh, 'THIRD-PARTY-NOTICES.txt'),
  await notices(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
);
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);

/**
 * esbuild cuts a file for each set of entries that share some modules, and every import() is an entry: some twenty files
 * to open at a start with a stored login instead of six. So each module that is loaded later imports the given ones
 * first, which are loaded by then or soon, and what belongs to them is cut once.
 * @param {readonly string[]} wholes each with all that it imports is one file; the first is the start's own
 * @param {ReadonlySet<string>} later the modules that an import() names
 * @returns {import('esbuild').Plugin}
 */
function inOneFileEach(wholes, later) {
  return {
    name: 'in-one-file-each',
    setup(building) {
      building.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        if (!later.has(file)) return undefined;
        const before = wholes.includes(file) ? wholes.slice(0, wholes.indexOf(file)) : wholes;
        const imports = before.map((whole) => `import ${JSON.stringify(whole)};\n`);
        return { contents: imports.join('') + (await readFile(file, 'utf8')), loader: 'ts' };
      });
    },
  };
}

/**
 * Found before anything is cut: one that is imported at once by some modules, and later by others, may be loaded before the
 * import() of it is seen.
 * @param {import('esbuild').BuildOptions} options
 */
async function importedLater(options) {
  const { metafile } = await build({ ...options, write: false, metafile: true });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const later = imports.filter(({ kind }) => kind === 'dynamic-import');
  return new Set(later.map(({ path: file }) => path.join(root, file)));
}

/**
 * cross-spawn (under execa, too) is CommonJS and requires Node's own modules. esbuild has a helper for that, in one chunk,
 * which takes the `require` of its file and fails where there is none, as in ESM: it is given one.
 * @param {string[]} outputs paths of the built files, relative to the root
 */
async function giveRequire(outputs) {
  for (const output of outputs) {
    const file = path.join(root, output);
    const text = await readFile(file, 'utf8');
    if (!text.includes('Dynamic require of')) continue;
    const own =
      'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\n';
    await writeFile(file, own + text);
  }
}

/**
 * The licence texts of the packages whose code is in the bundle, as their licences ask; each text once.
 * @param {string[]} inputs paths of the bundled files, relative to the root
 */
async function notices(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1]) folders.add(match[1]);
  }
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const folder of [...folders].toSorted((a, b) => a.localeCompare(b))) {
    const pkg = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt'].find((name) =>
      existsSync(path.join(root, folder, name)),
    );
    const text = (file ? await readFile(path.join(root, folder, file), 'utf8') : '').trim();
    packages.set(text, [...(packages.get(text) ?? []), `${pkg.name} ${pkg.version} (${pkg.license})`]);
  }
  const parts = [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return parts.join(`\n${'-'.repeat(72)}\n\n`);
}
