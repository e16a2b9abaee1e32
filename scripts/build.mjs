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
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  define: { __VERSION__: JSON.stringify(manifest.version) },
  logLevel: 'warning',
};
const results = await Promise.all([
  build({
    ...shared,
    entryPoints: ['src/bin.ts'],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [inOneFileEach(['src/cli/main.ts', 'src/vault/disk.ts'].map((name) => path.join(root, name)))],
  }),
  // A process of its own, which loads one file and nothing of the proxy's.
  build({ ...shared, entryPoints: ['src/refresher.ts'] }),
]);
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
 * @returns {import('esbuild').Plugin}
 */
function inOneFileEach(wholes) {
  const later = new Set();
  return {
    name: 'in-one-file-each',
    setup(building) {
      building.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path: name, resolveDir }) => {
        if (kind === 'dynamic-import') later.add(path.resolve(resolveDir, name));
        return undefined;
      });
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
 * The licence texts of the packages whose code is in the bundle, as their licences ask.
 * @param {string[]} inputs paths of the bundled files, relative to the root
 */
async function notices(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1]) folders.add(match[1]);
  }
  const parts = [];
  for (const folder of [...folders].toSorted((a, b) => a.localeCompare(b))) {
    const pkg = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt'].find((name) =>
      existsSync(path.join(root, folder, name)),
    );
    const text = file ? await readFile(path.join(root, folder, file), 'utf8') : '';
    parts.push(`${pkg.name} ${pkg.version} (${pkg.license})\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${'-'.repeat(72)}\n\n`);
}
