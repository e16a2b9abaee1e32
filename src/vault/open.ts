// Opens the vault that `--store` names, and loads what it needs no sooner than it is needed: a start without a stored
// login needs neither cryptography nor a keychain. Not for: what the vaults do.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { lazyVault } from './lazy-vault.ts';
import { createMemoryVault } from './memory.ts';
import type { Passphrase } from './passphrase-input.ts';
import type { Delegation, Vault } from './vault.ts';

export type { Passphrase } from './passphrase-input.ts';

export interface OpenOptions {
  /**
   * How a new record is kept. `auto`: with a key from the keychain where that answers within 3 s, else in a file, which
   * is said. A record that is there stays sealed as it is.
   */
  readonly store: 'auto' | 'keychain' | 'file' | 'memory';
  /** Absolute. */
  readonly stateDir: string;
  /** For what is kept in a file: instead of a key file. Read when a key is needed for the first time. */
  readonly passphrase: Passphrase | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** Reads and writes nothing yet, and asks nobody: all that happens when the vault is used. */
export function openVault({ store, stateDir, passphrase, log, clock }: OpenOptions): Promise<Vault> {
  if (store === 'memory') return Promise.resolve(createMemoryVault());
  const vault = lazyVault(stateDir, async () => {
    const { createFileVault, createKeys } = await import('./disk.ts');
    const keys = createKeys({ store, stateDir, passphrase, log, clock });
    return createFileVault({ stateDir, log, clock, keys });
  });
  return Promise.resolve(vault);
}

/**
 * The vault as far as one record of it was handed over: what was sealed with another key is left alone. For a process
 * that has neither keychain nor passphrase.
 */
export function openDelegated({ stateDir, key, keyKind }: Delegation, log: Log, clock: Clock): Vault {
  return lazyVault(stateDir, async () => {
    const { createFileVault, handedKey } = await import('./disk.ts');
    return createFileVault({ stateDir, log, clock, keys: handedKey(key, keyKind) });
  });
}
