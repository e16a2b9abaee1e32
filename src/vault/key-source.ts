// What every way to a key that seals records looks like. Not for: which of them is taken (keys.ts).
import type { VaultKey } from './seal.ts';

/** One way to the 256-bit key. Another process may have replaced the key since the last call. */
export interface KeySource {
  /** Where the key is, as told to a person. */
  readonly place: string;
  /**
   * The key there is, or `undefined` where there is none.
   * @param wanted the id of the key that is needed: where asking costs much, one that was had before is good enough
   * @throws {StorageError} it cannot be told, now
   */
  load(wanted: string | undefined): Promise<VaultKey | undefined>;
  /** The key there is, else a new one; all processes that ask at once get the same. @throws {StorageError} */
  obtain(): Promise<VaultKey>;
}
