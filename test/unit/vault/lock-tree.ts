// A file system in memory, as far as a lock needs one: each of its operations is one step of a process.
// Not for: who takes which step when (lock-world.ts).
import path from 'node:path';
import type { LockFiles } from '../../../src/vault/lock-files.ts';

export const LOCK = path.join(path.sep, 'vault', 'the.lock');

/** Directories beside the lock, each with its files and when they were touched. */
export type Tree = Map<string, Map<string, number>>;

/** Done in the same step as the file system's own operation, before it. */
export type Fault = (operation: keyof LockFiles, target: string, tree: Tree) => void;

/**
 * Asks for a step, and resolves with what came of it.
 * @param isReady whether it can be taken; until then the process waits
 * @param isPrivate neither others nor the checks see anything of it, so it does not matter what they do before it
 */
export type Step = <T>(run: () => T, isReady?: () => boolean, isPrivate?: boolean) => Promise<T>;

export const always = (): boolean => true;

/** The file system, with Node's errors. */
export function stepsOn(tree: Tree, step: Step, faulty: Fault | undefined): LockFiles {
  const fault = (operation: keyof LockFiles, target: string): void => faulty?.(operation, target, tree);
  const filesOf = (file: string): Map<string, number> | undefined =>
    tree.get(path.basename(path.dirname(file)));
  return {
    list: (directory) =>
      step(() => (isTop(directory) ? [...tree.keys()] : list(tree.get(path.basename(directory))))),
    touchedAt: (file) => step(() => filesOf(file)?.get(path.basename(file))),
    touch: (file) =>
      step(() => {
        const files = filesOf(file);
        const before = files?.get(path.basename(file));
        if (files && before !== undefined) files.set(path.basename(file), before + 1);
      }),
    makeDirectory: (directory) =>
      step(() => {
        if (tree.has(path.basename(directory))) throw failure('EEXIST');
        tree.set(path.basename(directory), new Map());
      }),
    makeFile: (file) =>
      step(
        () => {
          const files = filesOf(file);
          if (!files) throw failure('ENOENT');
          if (files.has(path.basename(file))) throw failure('EEXIST');
          files.set(path.basename(file), 0);
        },
        always,
        isInDraft(file),
      ),
    move: (from, to) =>
      step(() => {
        fault('move', to);
        if (isTop(path.dirname(from))) moveTree(tree, from, to);
        else moveFile(from, to);
      }),
    removeFile: (file) =>
      step(
        () => {
          fault('removeFile', file);
          filesOf(file)?.delete(path.basename(file));
        },
        always,
        isInDraft(file),
      ),
    removeDirectory: (directory) =>
      step(() => {
        fault('removeDirectory', directory);
        if (tree.get(path.basename(directory))?.size === 0) tree.delete(path.basename(directory));
      }),
  };

  function moveFile(from: string, to: string): void {
    const touched = filesOf(from)?.get(path.basename(from));
    if (touched === undefined) throw failure('ENOENT');
    filesOf(from)?.delete(path.basename(from));
    filesOf(to)?.set(path.basename(to), touched);
  }
}

/** Of what lies in a draft nobody takes notice before it is moved, except to remove it when its owner is dead. */
function isInDraft(file: string): boolean {
  return path.dirname(file) !== LOCK;
}

function isTop(directory: string): boolean {
  return directory === path.dirname(LOCK);
}

function moveTree(tree: Tree, from: string, to: string): void {
  const files = tree.get(path.basename(from));
  if (!files) throw failure('ENOENT');
  if ((tree.get(path.basename(to))?.size ?? 0) > 0) throw failure('ENOTEMPTY');
  tree.delete(path.basename(from));
  tree.set(path.basename(to), files);
}

function list(files: Map<string, number> | undefined): string[] | undefined {
  return files && [...files.keys()];
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
