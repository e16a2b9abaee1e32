// Whether granted scopes reach as far as wanted ones. GitHub leaves out of an answer what another scope includes.
// Not for: what a GitHub App may do; its permissions are no scopes.
// https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps

/** What is not told by the pattern admin: > write: > read:. */
const INCLUDES: ReadonlyMap<string, readonly string[]> = new Map([
  ['repo', ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events']],
  ['user', ['read:user', 'user:email', 'user:follow']],
  ['project', ['read:project']],
  ['audit_log', ['read:audit_log']],
  ['codespace', ['codespace:secrets']],
  ['copilot', ['manage_billing:copilot']],
  ['admin:org', ['manage_runners:org']],
  ['admin:enterprise', ['manage_runners:enterprise', 'manage_billing:enterprise', 'scim:enterprise']],
]);

const LEVELS = ['read', 'write', 'admin'];

/** Whether each of `wanted` was granted, by its own name or by one that includes it. */
export function covers(granted: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => granted.some((one) => includes(one, scope)));
}

function includes(granted: string, wanted: string): boolean {
  if (granted === wanted || INCLUDES.get(granted)?.includes(wanted)) return true;
  const [level = '', area] = granted.split(':', 2);
  const [asked = '', where] = wanted.split(':', 2);
  return area !== undefined && area === where && LEVELS.includes(asked) && rank(level) > rank(asked);
}

function rank(level: string): number {
  return LEVELS.indexOf(level);
}
