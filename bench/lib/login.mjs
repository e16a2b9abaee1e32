// The one real login that gh-mcp-proxy needs before it can be measured. Not for: measuring it, a login waits for a
// person most of the time.

/** How often `auth_login` is called: one call may return the code at once, a later one joins the flow. */
const LOGIN_CALLS = 5;

/**
 * Logs in at the emulator, as a person would from inside the client.
 * @param {import('./client.mjs').Client} client of a gh-mcp-proxy, initialized
 * @param {import('../../fixtures/github/emulator.mjs').GithubEmulator} github
 */
export async function logIn(client, github) {
  const approved = github.waitForCode().then((code) => github.approve(code));
  let said = await client.call('auth_login', {});
  await approved;
  for (let call = 1; call < LOGIN_CALLS && !/logged in/i.test(said); call++) {
    said = await client.call('auth_login', {});
  }
}
