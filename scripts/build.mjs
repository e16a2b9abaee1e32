// Bundles src/ into ESM chunks in dist/. Everything is bundled, so the published package has no
// dependencies to install; what `run` does not need at once sits behind import() in chunks of its own.
// Not for: type checking (npm run types) or tests, which run the sources.
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

// Built beside and moved into place, so that a command that runs meanwhile never finds half of it.
const fresh = `${dist}.${process.pid}`;
const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/bin.ts'],
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  define: { __VERSION__: JSON.stringify(manifest.version) },
  logLevel: 'warning',
});
await chmod(path.join(fresh, 'bin.js'), 0o755);
await writeFile(
  path.join(fresh, 'THIRD-PARTY-NOTICES.txt'),
  await notices(Object.keys(result.metafile.inputs)),
);
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);

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
