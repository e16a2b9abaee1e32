// What the tools of our own are called at the client: their usual names, and others where the upstream has tools of
// those names itself, since its own win (DESIGN 2.3). Not for: what they do, or when they are listed (own-tools.ts).

export type OwnTool = 'login' | 'status' | 'logout';

export type OwnNames = Readonly<Record<OwnTool, string>>;

export const OWN_NAMES: OwnNames = { login: 'auth_login', status: 'auth_status', logout: 'auth_logout' };

const PREFIX = 'gh_mcp_proxy_';
const TOOLS = Object.keys(OWN_NAMES) as readonly OwnTool[];

/** Which of our tools has `name` usually: an upstream that has one of that name is given way to. */
export function usuallyCalled(name: string): OwnTool | undefined {
  return TOOLS.find((tool) => OWN_NAMES[tool] === name);
}

/** The names once one of our tools has given way; the same object where it has done so before. */
export function givingWay(names: OwnNames, tool: OwnTool): OwnNames {
  const name = PREFIX + OWN_NAMES[tool];
  return names[tool] === name ? names : { ...names, [tool]: name };
}
