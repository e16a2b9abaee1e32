// Why a keychain could not be used, and what a person does about it.
// Not for: asking it (keychain-call.ts), or what is done without it (keys.ts).
import { StorageError } from '../base/errors.ts';

export type KeychainFailure =
  /** The optional package is not there, or not for this platform. */
  | { readonly kind: 'no-library' }
  | { readonly kind: 'no-bus'; readonly why: string }
  /** There is a bus, and nobody on it keeps secrets. */
  | { readonly kind: 'no-service' }
  | { readonly kind: 'locked' }
  /** It does not answer, or waits for a person. */
  | { readonly kind: 'silent'; readonly ms: number }
  | { readonly kind: 'failed'; readonly why: string };

/** What the library says, by what a person has to do. It waits 2 s for a D-Bus reply by itself. */
const SAYINGS: readonly (readonly [RegExp, KeychainFailure])[] = [
  [/cannot find native binding/i, { kind: 'no-library' }],
  [/unlock prompt was dismissed|\blocked\b|interaction is not allowed|is locked/i, { kind: 'locked' }],
  [/not provided by any|ServiceUnknown|NameHasNoOwner/i, { kind: 'no-service' }],
  [/did not receive a reply|timed? ?out/i, { kind: 'silent', ms: 2_000 }],
];

/**
 * @param code Node's, or the library's own
 * @param text the library's words
 */
export function failureOf(code: unknown, text: string): KeychainFailure {
  if (code === 'MODULE_NOT_FOUND') return { kind: 'no-library' };
  const known = SAYINGS.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  // libdbus: "Failed to connect to socket ...", "Using X11 for dbus-daemon autolaunch was disabled ...".
  if (/connect to socket|autolaunch/i.test(text)) return { kind: 'no-bus', why: text };
  return { kind: 'failed', why: text };
}

export function keychainError(failure: KeychainFailure): StorageError {
  return new StorageError(`the keychain cannot be used: ${whyOf(failure)}`, { next: NEXT[failure.kind] });
}

function whyOf(failure: KeychainFailure): string {
  if (failure.kind === 'failed') return failure.why;
  if (failure.kind === 'no-bus') return `there is no D-Bus session bus (${failure.why})`;
  if (failure.kind === 'silent') return `it did not answer within ${failure.ms / 1000} s`;
  return {
    'no-library': `its library is not installed for ${process.platform} on ${process.arch}`,
    'no-service': 'nothing on this session bus keeps secrets',
    locked: 'it is locked',
  }[failure.kind];
}

const ELSE = 'or keep the login in a file with --store file.';

const NEXT: Readonly<Record<KeychainFailure['kind'], string>> = {
  'no-library': `Install gh-mcp-proxy again without --omit=optional, ${ELSE}`,
  'no-bus': `Start the client in a desktop session, give it DBUS_SESSION_BUS_ADDRESS, ${ELSE}`,
  'no-service': `Install and start a Secret Service such as gnome-keyring, ${ELSE}`,
  locked: 'Unlock it (logging in to the desktop does that), and try again.',
  silent: 'See whether it asks for its password somewhere and unlock it, or restart it; then try again.',
  failed: `Mend that, ${ELSE}`,
};
