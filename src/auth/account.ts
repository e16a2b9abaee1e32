// Whether two names of accounts are of one person. Not for: what is done about it where they are not (accept.ts,
// exchange/server.ts).

export interface AccountChange {
  readonly was: string;
  readonly now: string;
}

/** Names are the same in any case, at GitHub and wherever else they stand for accounts. A name that is not known says nothing. */
export function changeOf(was: string | undefined, now: string | undefined): AccountChange | undefined {
  if (was === undefined || now === undefined) return undefined;
  return was.toLowerCase() === now.toLowerCase() ? undefined : { was, now };
}
