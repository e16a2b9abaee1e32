// What is listed of the tools of our own, and when (DESIGN 2.3). Not for: where in the list they stand (lists.ts), or what
// their calls lead to (own-tools.ts).
import type { SessionConfig, State } from './state.ts';

/** The tools of ours that are listed as things are, as JSON text separated by commas; empty where there are none. */
export function ownToolsJson({ auth, config, own }: State): string {
  const { hostLabel, authTools, unattended } = config;
  const listed: object[] = [];
  const locked = auth.kind === 'locked';
  if (!unattended && (locked || authTools)) listed.push(login(own.login, hostLabel));
  if (authTools) listed.push(status(own.status, config));
  if (!unattended && authTools && !locked) listed.push(logout(own.logout, hostLabel));
  return listed.map((tool) => JSON.stringify(tool)).join(',');
}

function login(name: string, hostLabel: string): object {
  return {
    name,
    title: `Log in to ${hostLabel}`,
    description:
      `Logs the person in to ${hostLabel}, so that the other tools work. Gives an address, and a short code where ` +
      'there is one, to show to the person; call it again after they have approved. Needs no arguments.',
    inputSchema: {
      type: 'object',
      properties: {
        scopes: {
          type: 'array',
          items: { type: 'string' },
          description:
            'Scopes to ask for on top of the configured ones (a GitHub App has permissions instead, and none to ask for).',
        },
      },
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  };
}

function status(name: string, { hostLabel, unattended }: SessionConfig): object {
  return {
    name,
    title: unattended ? `Token status of ${hostLabel}` : `Login status of ${hostLabel}`,
    description: unattended
      ? `Tells whether there is a token for ${hostLabel}, until when, and where it comes from; or why there is none. ` +
        'Needs no arguments.'
      : `Tells who is logged in to ${hostLabel}, until when, with which scopes, and where the login is kept; or why ` +
        'nobody is. Needs no arguments.',
    inputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  };
}

function logout(name: string, hostLabel: string): object {
  return {
    name,
    title: `Log out of ${hostLabel}`,
    description:
      `Ends the login to ${hostLabel} in every window that uses it: the token is revoked and forgotten. The other ` +
      'tools then need a new login. Call it only when the person asks for it. Needs no arguments.',
    inputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  };
}
