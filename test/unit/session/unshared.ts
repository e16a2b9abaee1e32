// What a token source is that shares its credential with no other process. Not for: what it does with its credential.
import type { TokenSource } from '../../../src/auth/token-source.ts';

export const unshared: Pick<TokenSource, 'store' | 'watch' | 'prepare' | 'newer' | 'logout'> = {
  store: () => Promise.resolve('memory'),
  watch: () => () => {},
  prepare: () => Promise.resolve(undefined),
  newer: () => Promise.resolve(undefined),
  logout: () => Promise.resolve({ was: undefined, unrevoked: undefined }),
};
