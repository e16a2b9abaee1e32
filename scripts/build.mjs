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
    plugins: [startAsOneFile(path.join(root, 'src/cli/main.ts'))],
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
 * esbuild cuts a file for each set of entries that share some modules, and every import() is an entry: twenty files to
 * open at the start instead of two. So each module that is loaded later imports the program's first one, which costs
 * nothing by then, and all that the start needs is shared by all.
 * @param {string} first the module that imports all that the start needs
 * @returns {import('esbuild').Plugin}
 */
function startAsOneFile(first) {
  const later = new Set();
  return {
    name: 'start-as-one-file',
    setup(building) {
      building.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path: name, resolveDir }) => {
        if (kind === 'dynamic-import') later.add(path.resolve(resolveDir, name));
        return undefined;
      });
      building.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
        if (!later.has(file)) return undefined;
        const text = await readFile(file, 'utf8');
        return { contents: `import ${JSON.stringify(first)};\n${text}`, loader: 'ts' };
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
