// What an upstream says of a dead token, where the token could be of any service: all that is known put together.
// Not for: GitHub's tokens, whose servers are known (github/auth-failure.ts).
import { githubAuthFailure } from '../github/auth-failure.ts';
import { knownAuthFailure } from '../oauth/auth-failure.ts';
import type { AuthFailureRule } from './token-source.ts';

export const anyAuthFailure: AuthFailureRule = {
  hints: [...githubAuthFailure.hints, ...knownAuthFailure.hints],
  patterns: [...githubAuthFailure.patterns, ...knownAuthFailure.patterns],
};
