// How MCP servers for GitHub say that a token was not accepted (FACTS, github-mcp-server).
// Not for: 403, which means permissions, SAML or rate limits: no new token helps there.

/** A request as go-github prints it, and the status 401: `GET https://api.github.com/user: 401`. */
const REST = String.raw`(?:GET|HEAD|POST|PUT|PATCH|DELETE) https?:\/\/\S+: 401`;

/** What a server puts before the cause: one line, parts ended by a colon, such as `failed to get user: `. */
const LEAD = String.raw`(?:[^\n]{1,400}: )?`;

/**
 * Patterns for a whole error message or a whole text of a result with `isError`. Each is anchored at both ends or
 * asks for a program's own wording, so that prose, code and logs that mention 401 do not match. The hints survive
 * JSON encoding unchanged: no quotes, no slashes, ASCII only.
 */
export const githubAuthFailure: { readonly hints: readonly string[]; readonly patterns: readonly RegExp[] } =
  {
    hints: [': 401 ', 'status code: 401 ', 'unexpected status 401: ', 'Authentication Failed: '],
    patterns: [
      // github-mcp-server, REST: go-github's ErrorResponse, "METHOD URL: STATUS MESSAGE [ERRORS]". The message is
      // "Bad credentials" for a refused token and "Requires authentication" for an empty one.
      new RegExp(String.raw`^${LEAD}${REST} [^\n]{1,400} \[[^\n]*\]$`),
      // github-mcp-server, GraphQL: shurcooL/graphql. The body is quoted, so it stays on the line.
      new RegExp(String.raw`^${LEAD}non-200 OK status code: 401 Unauthorized body: "[^\n]*"$`),
      // github-mcp-server, calls that look at the status themselves: the body follows as it came.
      new RegExp(
        String.raw`^${LEAD}unexpected status 401: \{\s*"message":\s*"(?:Bad credentials|Requires authentication)"`,
      ),
      // @modelcontextprotocol/server-github: formatGitHubError, with GitHub's message or its own default.
      /^Authentication Failed: (?:Bad credentials|Requires authentication|Authentication failed)$/,
    ],
  };
