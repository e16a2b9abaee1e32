// A person at a browser, who opens the page of a browser flow, decides, and is sent back. Not for: real browsers, or
// anything that a page does by scripts.

export interface Visit {
  /** Where GitHub sends the browser. */
  readonly location: URL;
  /** What is shown there; it may take as long as the login does. */
  readonly result: Promise<{ readonly status: number; readonly text: string }>;
}

/**
 * @param address as it was shown to the person
 * @param decision the button, and the account that is chosen
 */
export async function visit(
  address: string,
  decision: 'approve' | 'deny' = 'approve',
  login = 'octocat',
): Promise<Visit> {
  const location = await decide(address, decision, login);
  const result = open(location.href);
  // Whoever wants to know looks at it; the proxy may be gone by then.
  result.catch(() => {});
  return { location, result };
}

/** The same up to the address that the browser is sent to, without going there. */
export async function decide(address: string, decision: string, login = 'octocat'): Promise<URL> {
  const page = await fetch(address, { redirect: 'manual' });
  if (page.status === 302) return target(page);
  const html = await page.text();
  const action = /<form method="post" action="([^"]+)">/.exec(html)?.[1];
  if (page.status !== 200 || action === undefined) throw new Error(`no form: HTTP ${page.status}\n${html}`);
  const form = new URLSearchParams({ decision, login });
  for (const [, name = '', value = ''] of html.matchAll(
    /<input type="hidden" name="([^"]+)" value="([^"]*)">/g,
  ))
    form.set(name, plain(value));
  return target(await fetch(new URL(action, address), { method: 'POST', body: form, redirect: 'manual' }));
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

/** An attribute's value without its entities. */
function plain(value: string): string {
  return value.replaceAll(/&[^;]+;/g, (entity) => (ENTITIES as Record<string, string>)[entity] ?? entity);
}

function target(response: Response): URL {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`not sent anywhere: HTTP ${response.status}`);
  return new URL(location);
}

async function open(address: string): Promise<{ status: number; text: string }> {
  const response = await fetch(address);
  return { status: response.status, text: await response.text() };
}
