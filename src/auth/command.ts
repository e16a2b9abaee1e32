// The token source of `--auth command`: a command of the person's prints the token, each time that one is needed.
// Not for: how it is run (helper-command.ts), or what it may print (command-output.ts).
import { RefusedError, UnreachableError } from '../base/errors.ts';
import { parseTokenOutput } from './command-output.ts';
import { anyAuthFailure } from './failure-rules.ts';
import { runHelper } from './helper-command.ts';
import type { SourceContext } from './source-context.ts';
import { hasExpired } from './token-source.ts';
import type { Credential, TokenSource } from './token-source.ts';
import { createUnattendedSource, isSame } from './unattended.ts';

export interface CommandSourceOptions extends SourceContext {
  /** For the system's shell. */
  readonly command: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** All of the command's environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly hostLabel: string;
}

const SETTING = '--token-command';
const WHO = `the command of ${SETTING}`;

export function createCommandSource(options: CommandSourceOptions): TokenSource {
  const { clock } = options;

  const obtain = async (signal: AbortSignal, stale?: Credential): Promise<Credential> => {
    const credential = await printed(options, signal);
    if (hasExpired(credential, clock.now())) throw alreadyOver();
    // As old as it is, unless it lasts longer by now.
    return stale && isSame(credential, stale) && endOf(credential) <= endOf(stale) ? stale : credential;
  };

  return createUnattendedSource({
    ...options,
    mode: 'command',
    authFailure: anyAuthFailure,
    remedy: `Have ${WHO} print a new one: log in again with the program that it calls.`,
    async obtain(signal, stale) {
      try {
        return await obtain(signal, stale);
      } catch (error) {
        // Its token has time left, and whatever is wrong now (a network, a cache that is not due yet) may pass meanwhile.
        const mayPass = stale?.expiresAt !== undefined && !hasExpired(stale, clock.now());
        if (!mayPass || !(error instanceof RefusedError)) throw error;
        throw new UnreachableError(error.message, { next: error.next, cause: error });
      }
    },
  });
}

async function printed(options: CommandSourceOptions, signal: AbortSignal): Promise<Credential> {
  const { command, timeoutMs, env, clock, conceal } = options;
  const output = await runHelper({ command, env, timeoutMs, what: SETTING, signal });
  const now = clock.now();
  const { token, ...known } = parseTokenOutput(output, now, WHO);
  conceal?.(token);
  return { accessToken: token, issuedAt: now, scopes: [], rotation: 'overlapping', ...known };
}

/** In ms since the epoch; nobody knows of one without. */
function endOf({ expiresAt = Infinity }: Credential): number {
  return expiresAt;
}

function alreadyOver(): RefusedError {
  return new RefusedError('expired_token', `${WHO} printed a token whose time is over already`, {
    next: "Have it print a new one; or check this machine's clock.",
  });
}
