// The token that says for whom one is exchanged: from a file, a variable or a command, read anew when it is needed.
// Not for: a person's own login at the issuer (subject-token-login.ts), or the exchange.
import type { Clock } from '../../base/clock.ts';
import { RefusedError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { claimsOf } from '../../oauth/exchange-claims.ts';
import { inHome, readSecret } from '../secret-source.ts';
import type { LoginStep } from '../login-server.ts';
import type { SubjectSettings } from './subject-token-settings.ts';
import type { Logout } from '../token-source.ts';

export interface Subject {
  /** Where it comes from, for errors, such as `--subject-token-file /run/token`. */
  readonly setting: string;
  /** RFC 8693, section 3. */
  readonly type: string;
  /**
   * One that has time left, as far as it tells.
   * @throws {RefusedError} there is none, or it has expired: the message names the setting
   * @throws {UnreachableError} it cannot be had just now
   */
  token(signal: AbortSignal): Promise<Secret>;
  /** Another one in place of one that the broker did not accept, without a person; `undefined` where there is none. */
  another(refused: Secret, signal: AbortSignal): Promise<Secret | undefined>;
  /** Who it is about, to be compared with; `undefined` where it does not say, or cannot be had just now. Never rejects. */
  who(): Promise<string | undefined>;
  /** Makes sure that there is one, by a person where need be; absent where no person can do anything about it. */
  logIn?(step: LoginStep): Promise<void>;
  /**
   * The same once more where the broker names a page that is the issuer's own login, and asks it for something more.
   * @returns whether it was such a page
   */
  logInAgain?(page: string, step: LoginStep): Promise<boolean>;
  /** Ends what {@link logIn} began. */
  readonly logOut?: (signal: AbortSignal) => Promise<Logout>;
}

export interface SubjectParts {
  readonly env: NodeJS.ProcessEnv;
  /** Of a command, in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told of each subject token before it is used. */
  readonly conceal: (secret: Secret) => void;
}

/** What a command printed is not asked for again in this time, in ms: while a person is waited for, it is often needed. */
const KEEP = 60_000;
/** Nor is one used that ends sooner: it has to arrive. In ms. */
const LEAST_LEFT = 10_000;

interface Known {
  readonly token: Secret;
  readonly at: number;
}

/** One that a setting points to. */
export function givenSubject(
  { source, what, type }: Extract<SubjectSettings, { kind: 'given' }>,
  { env, timeoutMs, clock, conceal }: SubjectParts,
): Subject {
  const setting = source.kind === 'file' ? `${what} ${inHome(source.path, env)}` : what;
  let known: Known | undefined;

  const read = async (signal: AbortSignal): Promise<Secret> => {
    const token = await readSecret(source, { env, timeoutMs, what, signal });
    conceal(token);
    known = { token, at: clock.steady() };
    return token;
  };

  /** A file is read each time: whoever writes it replaces it when it likes. */
  const latest = async (signal: AbortSignal): Promise<Secret> => {
    const isFresh =
      known !== undefined && clock.steady() - known.at < KEEP && leftIn(known.token, clock) > KEEP;
    return source.kind === 'command' && known && isFresh ? known.token : read(signal);
  };

  return {
    setting,
    type,

    async token(signal) {
      const token = await latest(signal);
      if (leftIn(token, clock) < LEAST_LEFT) throw expired(setting, source.kind, leftIn(token, clock));
      return token;
    },

    async another(refused, signal) {
      if (source.kind === 'env') return undefined;
      const token = await read(signal);
      return token.equals(refused) ? undefined : token;
    },

    async who() {
      const { signal } = new AbortController();
      // Once run, a command is not run again only to compare.
      const token =
        source.kind === 'command' && known ? known.token : await read(signal).catch(() => undefined);
      return token && claimsOf(token)?.subject;
    },
  };
}

/** In ms; a token that does not say when it ends has time. */
function leftIn(token: Secret, clock: Clock): number {
  const expiresAt = claimsOf(token)?.expiresAt;
  return expiresAt === undefined ? Infinity : expiresAt - clock.now();
}

const REPLACE = {
  file: 'Whatever writes that file has to write a new one; it is read again at the next call.',
  env: 'A variable cannot change while this process runs: set a new one and restart the server in your client, or use --subject-token-file or --subject-token-command.',
  command: 'Have the command print one that has time left.',
} as const;

function expired(setting: string, kind: keyof typeof REPLACE, leftMs: number): RefusedError {
  const when = leftMs > 0 ? 'is about to expire' : `expired ${ago(-leftMs)} ago`;
  return new RefusedError('subject_token_expired', `the subject token of ${setting} ${when}`, {
    next: REPLACE[kind],
  });
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
