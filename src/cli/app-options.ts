// The settings of `--auth github-app`, from what is given for them. Loaded when that mode is chosen.
// Not for: key sources (auth/app/key-source.ts), or what the app may do; GitHub says so.
import { parseKeySource } from '../auth/app/key-source.ts';
import type { KeySource } from '../auth/app/key-source.ts';
import { UsageError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { AppAuth, AuthInput } from './auth.ts';
import { alternative, bothGiven, commandTimeout, list, needed } from './lookups.ts';
import type { Lookup } from './lookups.ts';
import { SECRET_VARIABLES } from './option-names.ts';

/** @throws {UsageError} naming the setting that is wrong or missing */
export function readApp({ look, env, host }: AuthInput): AppAuth {
  return {
    mode: 'github-app',
    host,
    appId: appId(look),
    key: key(look, env),
    installation: installation(look),
    repositories: repositories(look),
    permissions: permissions(look),
    timeoutMs: commandTimeout(look),
  };
}

function appId({ value }: Lookup): string {
  const given = needed(value('app-id'), 'github-app', 'app-id', "the app's id, or its client id");
  if (/^\d{1,20}$|^[A-Za-z0-9._-]{4,100}$/.test(given.text)) return given.text;
  throw new UsageError(`${given.from} is not the id of an app`, {
    next: 'It is shown on the app\'s settings page as "App ID", such as 123456, or as "Client ID".',
  });
}

function key(look: Lookup, env: NodeJS.ProcessEnv): KeySource {
  const found = alternative(look, ['app-private-key', 'app-private-key-path']);
  const name = SECRET_VARIABLES.appPrivateKey;
  const pem = env[name];
  if (pem !== undefined && pem !== '' && found?.given.by !== 'flag') {
    if (found?.given.by === 'variable') throw bothGiven(found.given.from, name);
    return { kind: 'pem', pem: new Secret(pem), from: name };
  }
  if (!found) {
    throw new UsageError('--auth github-app needs the private key of the app', {
      next: `Give --app-private-key-path FILE, or --app-private-key SOURCE, or put the key into ${name}.`,
    });
  }
  const { option, given } = found;
  if (option === 'app-private-key') return parseKeySource(given.text, given.from);
  if (given.text.trim() !== '') return { kind: 'file', path: given.text, setting: given.from };
  throw new UsageError(`${given.from} is empty`, { next: 'Give the file of the private key.' });
}

const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?$/;
const REPOSITORY = /^[\w.-]{1,100}$/;

function installation(look: Lookup): AppAuth['installation'] {
  const found = alternative(look, ['app-installation-id', 'app-owner', 'app-repository']);
  if (!found) return { kind: 'only' };
  const { option, given } = found;
  const wrong = (next: string): UsageError => new UsageError(`${given.from} is "${given.text}"`, { next });
  if (option === 'app-installation-id') {
    const id = Number(given.text);
    if (/^\d{1,16}$/.test(given.text) && Number.isSafeInteger(id)) return { kind: 'id', id };
    throw wrong("It takes a number: the last part of the address of the installation's settings page.");
  }
  if (option === 'app-owner') {
    if (OWNER.test(given.text)) return { kind: 'owner', owner: given.text };
    throw wrong('It takes the name of an organization or of a user that the app is installed for.');
  }
  const [owner = '', repository = '', ...more] = given.text.split('/');
  if (OWNER.test(owner) && REPOSITORY.test(repository) && more.length === 0)
    return { kind: 'repository', owner, repository };
  throw wrong('It takes OWNER/REPOSITORY, such as octo-org/octo-repo.');
}

function repositories({ value }: Lookup): string[] {
  const given = value('app-repositories');
  const names = list(given?.text ?? '');
  const wrong = names.find((text) => {
    const [name = '', owner, ...more] = text.split('/').toReversed();
    return !REPOSITORY.test(name) || (owner !== undefined && !OWNER.test(owner)) || more.length > 0;
  });
  if (wrong === undefined) return names;
  throw new UsageError(`${given?.from} has "${wrong}", which is no repository's name`, {
    next: 'It takes names, with their owner or without, separated by commas, such as octo-repo,docs.',
  });
}

/** `contents:read,issues:write`; which permissions there are, and what each can be, is GitHub's. */
function permissions({ value }: Lookup): Record<string, string> {
  const given = value('app-permissions');
  return Object.fromEntries(
    list(given?.text ?? '').map((item) => {
      const [, name, access] = /^([a-z][a-z_]{0,99}):(read|write|admin)$/.exec(item) ?? [];
      if (name !== undefined && access !== undefined) return [name, access];
      throw new UsageError(`${given?.from} has "${item}"`, {
        next: 'It takes NAME:read, NAME:write or NAME:admin, separated by commas, such as contents:read,issues:write.',
      });
    }),
  );
}
