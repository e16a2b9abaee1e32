// What is done about a store that cannot be read: it is kept aside, said so, and the person logs in again (issue:
// "a damaged credential file (kept aside, not deleted)"). Not for: every kind of damage (unit tests of the vault).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loginOptions, logIn, startTestGithub } from '../support/login.ts';
import { loggedIn } from '../support/logged-in.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { filesUnder } from '../support/temp.ts';

interface Damage {
  /** Which file is spoilt, and how. */
  readonly file: 'key' | 'record';
  readonly spoil: (bytes: Buffer) => Buffer | string;
  /** What stderr says. */
  readonly told: RegExp;
  /** What is kept aside: the spoilt file or, where it cannot be known to be spoilt, the record that it cannot open. */
  readonly kept: 'spoilt' | 'record';
}

const cutShort = (bytes: Buffer): Buffer => bytes.subarray(0, 7);
const damaged = { told: /stored login .* is damaged/, kept: 'spoilt' } as const;

const damages: [string, Damage][] = [
  ['a record that is cut short', { file: 'record', spoil: cutShort, ...damaged }],
  ['an empty record', { file: 'record', spoil: () => '', ...damaged }],
  ['a record that is no JSON', { file: 'record', spoil: () => '\u0000 not JSON', ...damaged }],
  [
    'a key that is too short',
    { file: 'key', spoil: cutShort, told: /the key file .* is damaged/, kept: 'spoilt' },
  ],
  [
    'a record under another key',
    {
      file: 'key',
      spoil: (bytes) => Buffer.alloc(bytes.length, 7),
      told: /was sealed with another key/,
      kept: 'record',
    },
  ],
];

test.each(damages)(
  '%s is kept aside, and a login works again',
  async (_name, { file, spoil, told, kept }) => {
    const github = await startTestGithub();
    const { stateDir } = await loggedIn({ github });
    const [keyFile = '', recordFile = ''] = filesUnder(stateDir);
    const record = readFileSync(recordFile);
    const target = file === 'key' ? keyFile : recordFile;
    const spoilt = Buffer.from(spoil(readFileSync(target)));
    writeFileSync(target, spoilt);

    const options = loginOptions(github, { args: ['--store', 'file', '--state-dir', stateDir] });
    const client = startProxy(options);
    await client.initialize();
    await client.waitForStderr(told);
    expect(client.stderrText()).toContain('Log in again');
    expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
    expect(await logIn(client, github)).toContain('Logged in as octocat');

    const aside = filesUnder(stateDir).filter((name) => path.basename(name).includes('.damaged-'));
    expect(aside.map((name) => readFileSync(name))).toContainEqual(kept === 'spoilt' ? spoilt : record);
    client.end();
    await client.closed;
    const next = startProxy(options);
    await next.initialize();
    expect(toolText(await next.callTool('get_me'))).toBe('{"login":"octocat"}');
  },
);
