// What is noted for those who ask later who had which token when (DESIGN 2.10). Not for: diagnostics (log.ts), or where it
// is written (vault/audit-file.ts).
import type { Secret } from './secret.ts';

/** `refused`: the upstream answered that a token was not accepted (401). */
type AuditEvent =
  | 'login'
  | 'login-failed'
  | 'logout'
  | 'refresh'
  | 'refresh-failed'
  /** A sibling's newer token was taken over from the vault. */
  | 'adoption'
  | 'rotation'
  | 'refused'
  | 'revocation'
  | 'generation-start'
  | 'generation-end';

export interface AuditEntry {
  readonly event: AuditEvent;
  /** The account, where it is known. */
  readonly login?: string | undefined;
  /** The access token that it is about: its fingerprint is written, never the token. */
  readonly token?: Secret | undefined;
  readonly generation?: number;
  /** A short text without secrets: why, or how it went. */
  readonly detail?: string;
}

/** An entry as it is written: one line of JSON. */
export interface AuditLine extends Omit<AuditEntry, 'token'> {
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  readonly profile: string;
  /** As a person knows it, such as `github.com`. */
  readonly host: string;
  /** The first 8 hex digits of the token's SHA-256. */
  readonly token?: string;
  /** The process that noted it. */
  readonly pid: number;
}

/** Writes each entry with its time, the profile and the host, in the background; nothing here ever fails. */
export interface Audit {
  note(entry: AuditEntry): void;
  /** Resolves when what was noted is written, or has failed and was logged. */
  flush(): Promise<void>;
}

/** For those who note nothing. */
export const noAudit: Audit = { note: () => {}, flush: () => Promise.resolve() };
