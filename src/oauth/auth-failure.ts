// How MCP servers for services other than GitHub say that a token was not accepted.
// Not for: 403, which means permissions: no new token helps there; or any server's wording that nobody has looked at
// (--auth-failure-pattern is for those).

/**
 * Patterns for a whole error message or a whole text of a result with `isError`, anchored at both ends, so that prose
 * about a 401 does not match. The hints survive JSON encoding unchanged.
 */
export const knownAuthFailure: { readonly hints: readonly string[]; readonly patterns: readonly RegExp[] } = {
  hints: ['GitLab API error: Unauthorized', 'GitLab API error: 401 '],
  patterns: [
    // @modelcontextprotocol/server-gitlab: the status text of GitLab's answer is all that it tells.
    /^GitLab API error: Unauthorized$/,
    // @zereight/mcp-gitlab: the status line, and GitLab's body below it.
    /^GitLab API error: 401 Unauthorized(?:\n[^]{0,4000})?$/,
  ],
};
