// What is asked of an authorization server at which persons log in, whichever protocol it speaks: GitHub's own
// (github-server.ts), any issuer's (oauth-server.ts), a broker's (exchange/server.ts).
// Not for: what is stored, shared between processes, or shown (login-source.ts and its parts).
import type { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Revocation } from '../net/revocation.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { LoginFlow } from '../vault/vault.ts';
import type { AuthFailureRule, Credential, LoginPrompt } from './token-source.ts';

/** One login that a person has to approve. */
export interface LoginStep {
  readonly scopes: readonly string[];
  /** One that waits for a person by now, begun here or in another process: it is gone on with, where that can be. */
  readonly resume: LoginFlow | undefined;
  /** Told of a new one before it is shown, so that other processes can show it or go on with it. Never rejects. */
  readonly onFlow: (flow: LoginFlow) => Promise<void>;
  /** Called for each page that a person must see. */
  readonly onPrompt: (prompt: LoginPrompt) => void;
  /** Called now and then while a person is waited for: whoever holds a lock keeps it by this. */
  readonly onPoll: () => void;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Ends it as well, but not a question for the token that was asked by then: its answer may be the only one. */
  readonly closing: AbortSignal;
}

export interface LoginServer {
  /** As a person knows it, such as `github.com`. */
  readonly label: string;
  readonly authFailure: AuthFailureRule;
  /**
   * What another process of ours makes the same server from, to spend a refresh token there (refresher-main.ts);
   * `undefined` where a renewal that is cut off loses nothing, so that it is made in this process.
   */
  readonly description: ServerDescription | undefined;

  /**
   * A token for a person who approves.
   * @throws {RefusedError} denied, expired or misconfigured: `message` and `next` say what to do
   * @throws {UnreachableError}
   * @throws a signal's reason
   */
  logIn(step: LoginStep): Promise<TokenGrant>;

  /**
   * A first token without any person; absent where there is no such way.
   * @throws {RefusedError} a person has to do something (`consent_required`, say), or the settings are wrong
   * @throws {UnreachableError}
   */
  obtain?(signal: AbortSignal): Promise<TokenGrant>;

  /** Whether {@link renew} can do anything with it. */
  canRenew(credential: Credential): boolean;

  /**
   * A newer token in place of `base`, without a person. May spend the refresh token: whoever calls this keeps the answer.
   * @throws {RefusedError} it will never be renewed: a person has to log in
   * @throws {UnreachableError} it may be worth another try
   */
  renew(base: Credential, signal: AbortSignal): Promise<TokenGrant>;

  /** What a new token does to the one before it (DESIGN 2.4). */
  rotationOf(grant: TokenGrant): Credential['rotation'];

  /** Whether a stored token does what `wanted` asks for; true where scopes mean nothing. */
  suffices(credential: Credential, wanted: readonly string[]): boolean;

  /**
   * The account's name; `undefined` where the server does not tell any.
   * @param was the name that it told before with this very token: where it does so no more, that is about the token
   * @throws {RefusedError} `bad_credentials`: the token is not accepted
   * @throws {UnreachableError} not known just now
   */
  identify(token: Secret, signal: AbortSignal, was?: string): Promise<string | undefined>;

  /**
   * Takes the tokens of a credential out of service. One that is not known any more counts as revoked.
   * @throws the signal's reason; nothing else
   */
  revoke(credential: Credential, signal: AbortSignal): Promise<Revocation>;

  /** Where a person withdraws by hand what they allowed; `undefined` where nobody knows. */
  accessPage(credential: Credential | undefined): string | undefined;

  /** What is said when the code or page that other processes show has come to its end. */
  expired(): RefusedError;
}

/** Plain data, secrets included: handed to another process of ours through a pipe, never in argv or the environment. */
export type ServerDescription =
  | {
      readonly kind: 'github';
      readonly host: GithubHost;
      readonly clientId: string;
      readonly clientSecret: Secret | undefined;
    }
  | {
      readonly kind: 'oauth';
      readonly issuer: string;
      readonly clientId: string;
      readonly clientSecret: Secret | undefined;
    };
