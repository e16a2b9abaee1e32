// A vault that several token sources share as processes share one on a disk, in memory: each operation can be held up,
// and a process can be killed at any of them. Not for: what a disk does (test/unit/vault).
import { StorageError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { canonicalIdentity } from '../../src/vault/identity.ts';
import type { HeldLock, Kept, LoginFlow, RecordIdentity, Vault, VaultRecord } from '../../src/vault/vault.ts';
import { promised } from './promised.ts';

type Operation = 'read' | 'write' | 'remove' | 'take' | 'release' | 'writeFlow' | 'removeFlow';

/** One operation that waits. */
interface Gate {
  /** Resolves when somebody has come to it. */
  readonly reached: Promise<void>;
  open(): void;
}

export interface SharedMemory {
  /** The vault as one more process sees it. */
  process(): ProcessVault;
  /** Holds up the next operation of this kind, of whichever process. */
  hold(operation: Operation): Gate;
  /** Takes a lock from whoever holds it, as is done with one that was stopped for too long. */
  evict(): void;
  /** Whether a process holds it. */
  isLocked(purpose: 'refresh' | 'login'): boolean;
  readonly flows: ReadonlyMap<string, LoginFlow>;
  kept(): Kept;
  /** Deletes the record, as a person may by hand: no logout. */
  drop(): void;
  /** Tells the watchers, as a change by something else would. */
  tell(): void;
}

export interface ProcessVault extends Vault {
  /** Lets operations of these kinds, and no others, fail for this process. */
  breakFor(...operations: Operation[]): void;
  /** Its locks are free from now on, and nothing that it has begun goes on. */
  kill(): void;
}

interface Taken {
  readonly nonce: string;
  readonly by: object;
}

export function createSharedMemory(): SharedMemory {
  const records = new Map<string, Kept>();
  const flows = new Map<string, LoginFlow>();
  const locks = new Map<string, Taken>();
  /** Those that a process which was killed has left. */
  const left = new Set<string>();
  const watchers = new Set<() => void>();
  const gates = new Map<Operation, { reach: () => void; opened: Promise<void> }>();
  let nonces = 0;

  const tell = (): void => {
    for (const watcher of watchers) setImmediate(watcher);
  };

  const kill = (vault: object): void => {
    for (const [name, { by }] of locks) {
      if (by !== vault) continue;
      locks.delete(name);
      left.add(name);
    }
  };

  const createProcess = (): ProcessVault => {
    let isDead = false;
    let broken: readonly Operation[] = [];
    const own = {};
    const dead = new Promise<never>(() => {});

    /** What an operation passes before it happens: a turn of the event loop, a gate, a fault; the dead do not pass. */
    const pass = async (operation: Operation): Promise<void> => {
      await new Promise(setImmediate);
      const gate = gates.get(operation);
      if (gate && !isDead) {
        gates.delete(operation);
        gate.reach();
        await gate.opened;
      }
      if (isDead) await dead;
      if (broken.includes(operation)) throw new StorageError(`cannot ${operation} /state: EACCES`);
    };

    const heldLock = (name: string, nonce: string): HeldLock => ({
      nonce,
      isHeld: async () => (isDead ? dead : locks.get(name)?.nonce === nonce),
      touch: () => Promise.resolve(),
      passTo: () => Promise.resolve(),
      release: async () => {
        await pass('release');
        if (locks.get(name)?.nonce === nonce) locks.delete(name);
      },
    });

    return {
      async read(identity) {
        await pass('read');
        return records.get(canonicalIdentity(identity)) ?? { kind: 'none' };
      },
      async write(identity, record: VaultRecord) {
        await pass('write');
        records.set(canonicalIdentity(identity), { kind: 'record', record });
        tell();
      },
      async remove(identity) {
        await pass('remove');
        records.set(canonicalIdentity(identity), { kind: 'logged-out', at: Date.now() });
        tell();
      },
      list: () => Promise.resolve([]),
      describe: () => Promise.resolve('shared memory'),
      sharing: {
        lock: (identity, purpose) => ({
          async tryTake() {
            await pass('take');
            const name = `${purpose} ${canonicalIdentity(identity)}`;
            if (locks.has(name)) return undefined;
            nonces += 1;
            const nonce = String(nonces);
            locks.set(name, { nonce, by: own });
            return { ...heldLock(name, nonce), wasLeft: left.delete(name) };
          },
        }),
        resumeLock: (identity, purpose, nonce) =>
          heldLock(`${purpose} ${canonicalIdentity(identity)}`, nonce),
        watch(_identity: RecordIdentity, onChange) {
          const watcher = (): void => {
            if (!isDead) onChange();
          };
          watchers.add(watcher);
          return () => void watchers.delete(watcher);
        },
        readFlow: async (identity) => (isDead ? dead : flows.get(canonicalIdentity(identity))),
        async writeFlow(identity, flow) {
          await pass('writeFlow');
          flows.set(canonicalIdentity(identity), flow);
        },
        async removeFlow(identity) {
          await pass('removeFlow');
          flows.delete(canonicalIdentity(identity));
        },
        delegate: () =>
          Promise.resolve({ stateDir: '/shared-memory', key: new Secret('a'.repeat(43)), keyKind: 'file' }),
      },
      breakFor(...operations) {
        broken = operations;
      },
      kill() {
        isDead = true;
        kill(own);
      },
    };
  };

  return {
    process: createProcess,
    flows,
    tell,
    drop: () => records.clear(),
    hold(operation) {
      const [opened, open] = promised<void>();
      const [reached, reach] = promised<void>();
      gates.set(operation, { reach, opened });
      return { reached, open };
    },
    evict: () => locks.clear(),
    isLocked: (purpose) => [...locks.keys()].some((name) => name.startsWith(purpose)),
    kept: () => [...records.values()][0] ?? { kind: 'none' },
  };
}
