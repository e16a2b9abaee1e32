// How taking tokens out of service went, at whichever server. Not for: asking for it (github/revoke.ts, oauth/revoke.ts).

/** `why` follows "could not be revoked: " and has no full stop. */
export type Revocation = { readonly kind: 'revoked' } | { readonly kind: 'unrevoked'; readonly why: string };

export function unrevoked(why: string): Revocation {
  return { kind: 'unrevoked', why };
}
