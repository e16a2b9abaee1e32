// How MCP servers for GitHub say that a token was not accepted (FACTS, github-mcp-server).
// Not for: 403, which means permissions, SAML or rate limits: no new token helps there.

/** A request as go-github prints it, and the status 401: `GET https://api.github.com/user: 401`. */
const REST = String.raw`(?:GET|HEAD|POST|PUT|PATCH|DELETE) https?:\/\/\S+: 401`;

/** What a server puts before the cause: one line, parts ended by a colon; `failed to search code with query 'Q': `. */
const LEAD = String.raw`(?:[^\n]{1,1000}: )?`;

/** How GitHub's body begins for a token that is refused, or empty. */
const BODY = String.raw`\{\s*"message":\s*"(?:Bad credentials|Requires authentication)"`;

/**
 * Patterns for a whole error message or a whole text of a result with `isError`. Each is anchored at both ends or
 * asks for a program's own wording, so that prose, code and logs that mention 401 do not match. The hints survive
 * JSON encoding unchanged: no quotes, no slashes, ASCII only.
 *
 * Not recognised of github-mcp-server, which keeps the cause to itself there: lists of projects and the type of a
 * project's owner ("not found as user or organization"), completions ("failed to get repositories"). Nor what is not
 * GitHub's API ("failed to download logs: HTTP 401": storage with addresses that are signed), and what reports on parts
 * of a call of which others were done (failed jobs' logs, project items in a batch): it must not run again.
 */
export const githubAuthFailure: { readonly hints: readonly string[]; readonly patterns: readonly RegExp[] } =
  {
    hints: [
      ': 401 ',
      'status code: 401 ',
      'unexpected status 401: ',
      'failed to fetch raw content: ',
      'Authentication Failed: ',
    ],
    patterns: [
      // github-mcp-server, REST: go-github's ErrorResponse, "METHOD URL: STATUS MESSAGE [ERRORS]". The message is
      // "Bad credentials" for a refused token and "Requires authentication" for an empty one. What stands in the brackets
      // is bounded as well: each part that may end in several places multiplies the time that a hostile text takes.
      new RegExp(String.raw`^${LEAD}${REST} [^\n]{1,400} \[[^\n]{0,1000}\]$`),
      // github-mcp-server, GraphQL: shurcooL/graphql. The body is quoted, so it stays on the line. Where a second error
      // is told of a clean-up that failed, a part of the call was done: it must not run again.
      new RegExp(
        String.raw`^(?![^\n]*; failed to clean up )${LEAD}non-200 OK status code: 401 Unauthorized body: "[^\n]*"$`,
      ),
      // github-mcp-server, addresses of logs and artifacts: go-github expects a redirect and prints the status line.
      /^failed to get [^\n]{1,400}: unexpected status code: 401 Unauthorized$/,
      // github-mcp-server, calls that look at the status themselves: the body follows as it came.
      new RegExp(String.raw`^${LEAD}unexpected status 401: ${BODY}`),
      // github-mcp-server, resources: the body alone, without the status.
      new RegExp(String.raw`^failed to fetch raw content: ${BODY}`),
      // @modelcontextprotocol/server-github: formatGitHubError, with GitHub's message or its own default.
      /^Authentication Failed: (?:Bad credentials|Requires authentication|Authentication failed)$/,
    ],
  };
