// The variables that hold secrets of the proxy's own under names that a person chose, or a key service did: they never
// reach the server. Not for: names that are always the proxy's (upstream/environment.ts).
import type { Auth } from './auth.ts';
import { VALUE_OPTIONS } from './option-names.ts';

/** Where the AWS SDK looks for what it signs with. Profiles and regions name no secret, and stay. */
const AWS_CREDENTIALS =
  /^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_\w+)$/i;

/**
 * Of the mode that is chosen, and of those that other variables of the proxy are about: what one of them names is as
 * secret when another mode is chosen.
 * @param env where those of a key service are looked for, by what they begin with
 */
export function ownNamesOf(auth: Auth, env: NodeJS.ProcessEnv): readonly string[] {
  const key = (env[VALUE_OPTIONS['app-private-key']] ?? '').trim();
  const subject = env[VALUE_OPTIONS['subject-token-env']] ?? '';
  const named = [...chosenBy(auth), ...(key.startsWith('env:') ? [key.slice('env:'.length)] : []), subject];
  const signs = key.startsWith('aws-') || (auth.mode === 'github-app' && auth.key.kind.startsWith('aws-'));
  const signing = signs ? Object.keys(env).filter((name) => AWS_CREDENTIALS.test(name)) : [];
  return [...named.filter((name) => name !== ''), ...signing];
}

function chosenBy(auth: Auth): readonly string[] {
  if (auth.mode === 'github-app') return auth.key.kind === 'env' ? [auth.key.name] : [];
  if (auth.mode !== 'exchange') return [];
  const { subject } = auth.settings;
  return subject.kind === 'given' && subject.source.kind === 'env' ? [subject.source.name] : [];
}
