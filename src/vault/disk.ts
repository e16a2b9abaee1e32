// The vault on a disk as one part of the program, which is loaded where a login is stored: two files to open instead of
// eight (scripts/build.mjs). Not for: anything else.
export { createFileVault } from './file.ts';
export { createKeys, handedKey } from './keys.ts';
export { createLock } from './lock.ts';
export { makePrivateDirectory } from './private-file.ts';
