// The container of a generation: its cidfile, and the engine's command that takes it away. Not for: which command may be
// wrapped (container.test.ts), or whole sessions (integration/container-end.test.ts).
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { containerOf } from '../../../src/upstream/container-lifetime.ts';
import type { Container } from '../../../src/upstream/container-lifetime.ts';
import { createContainerEngine } from '../../support/container-engine.ts';
import type { ContainerEngine } from '../../support/container-engine.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { waitUntilGone } from '../../support/processes.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import type { TestLog } from '../../support/test-log.ts';

const ID = '0123456789abcdef'.repeat(4);

interface Setup {
  readonly engine: ContainerEngine;
  readonly container: Container | undefined;
  readonly log: TestLog;
  readonly clock: ReturnType<typeof createFakeClock>;
}

/** The container of a command line; its temporary files are in the engine's folder. */
function setUp(line: string, env: Record<string, string> = {}): Setup {
  const engine = createContainerEngine();
  vi.stubEnv('TMPDIR', engine.temp);
  const log = createTestLog();
  const clock = createFakeClock();
  const command = line.replace('CONTEXT', engine.context).split(' ');
  const container = containerOf({ command, env: { ...engine.env, ...env }, clock, log });
  vi.unstubAllEnvs();
  return { engine, container, log, clock };
}

const cidfileOf = ({ container }: Setup): string => {
  const words = container?.command ?? [];
  return words[words.indexOf('--cidfile') + 1] ?? '';
};

/** The engine's command that was used for a container whose id is in the cidfile, `CONTEXT` for its place. */
async function removalOf(line: string, exitCode: number | null, id = ID): Promise<string | undefined> {
  const setup = setUp(line);
  writeFileSync(cidfileOf(setup), id);
  await setup.container?.remove(exitCode);
  const prefix = 'debug: removing the container: ';
  const said = setup.log.lines.find((text) => text.startsWith(prefix));
  return said?.slice(prefix.length).replace(setup.engine.context, 'CONTEXT').replace(id.trim(), 'ID');
}

describe('the command that is started', () => {
  it.each([
    ['docker run -i --rm img x', 'docker run --cidfile FILE -i --rm img x'],
    ['podman --remote run -i img', 'podman --remote run --cidfile FILE -i img'],
    ['nerdctl -n ns container run -i img', 'nerdctl -n ns container run --cidfile FILE -i img'],
    ['/usr/bin/docker --context c run img', '/usr/bin/docker --context c run --cidfile FILE img'],
  ])('has a cidfile right after run: %s', (line, expected) => {
    const setup = setUp(line);
    expect(setup.container?.command.join(' ').replace(cidfileOf(setup), 'FILE')).toBe(expected);
  });

  it('names a file that is not there, in a new folder that its user alone may enter', () => {
    const [one, two] = [setUp('docker run -i img'), setUp('docker run -i img')];
    for (const setup of [one, two]) {
      expect(existsSync(cidfileOf(setup))).toBe(false);
      expect(statSync(path.dirname(cidfileOf(setup))).mode & 0o777).toBe(0o700);
      expect(path.dirname(path.dirname(cidfileOf(setup)))).toBe(setup.engine.temp);
    }
    expect(cidfileOf(one)).not.toBe(cidfileOf(two));
  });

  it.each([
    'npx -y server',
    'docker exec -i c server',
    'docker.exe run -i img',
    'docker run --cidfile mine -i img',
  ])('is left alone, with no file, for %s', (line) => {
    const setup = setUp(line);
    expect(setup.container).toBeUndefined();
    expect(readdirSync(setup.engine.temp)).toEqual([]);
  });

  it('is left alone, with a warning, where there is no place for a file', () => {
    vi.stubEnv('TMPDIR', '/no/such/folder');
    const log = createTestLog();
    const options = { command: ['docker', 'run', '-i', 'img'], env: {}, clock: createFakeClock(), log };
    expect(containerOf(options)).toBeUndefined();
    vi.unstubAllEnvs();
    expect(log.lines.join()).toMatch(/^warn: no place for the container's id \(.*ENOENT/);
  });

  it.skipIf(process.platform !== 'linux')('keeps the file where a snap can see it', () => {
    const [snap, bin, home] = [tempDir(), tempDir(), tempDir()];
    writeFileSync(path.join(snap, 'snap'), '');
    symlinkSync(path.join(snap, 'snap'), path.join(bin, 'docker'));
    const setup = setUp('docker run -i img', { PATH: `/no/such/folder:${bin}`, HOME: home });
    expect(path.dirname(path.dirname(cidfileOf(setup)))).toBe(path.join(home, 'snap', 'docker', 'common'));
    expect(readdirSync(setup.engine.temp)).toEqual([]);
  });
});

describe('the command that removes', () => {
  it.each([
    ['docker run -i --rm img', 'docker rm -f -v ID'],
    ['docker run -i img', 'docker rm -f -v ID'],
    ['docker --context CONTEXT run -i --rm img', 'docker --context CONTEXT rm -f -v ID'],
    ['docker -H tcp://127.0.0.1:9 -D container run -i img', 'docker -H tcp://127.0.0.1:9 -D rm -f -v ID'],
    ['podman --remote --url=unix:///x run -i --rm img', 'podman --remote --url=unix:///x rm -f -v ID'],
    ['podman run --url unix:///x -i img', 'podman --url=unix:///x rm -f -v ID'],
    ['podman run --connection far -i --remote img', 'podman --connection=far --remote=true rm -f -v ID'],
    ['nerdctl -n ns run --namespace other -i img', 'nerdctl -n ns --namespace=other rm -f -v ID'],
    ['/no/such/docker run -i --rm img --context x', '/no/such/docker rm -f -v ID'],
    ['docker run -i --rm=false img', 'docker kill ID'],
    ['docker run -i --restart always img', 'docker rm -f -v ID'],
  ])('asks the same engine: %s', async (line, expected) => {
    expect(await removalOf(line, null)).toBe(expected);
  });

  it.each([
    ['there is --rm and the tool ended with 0', 'docker run -i --rm img', 0, ID],
    ['there is no id yet', 'docker run -i img', null, ''],
    ['the id is none', 'docker run -i img', null, '-f'],
    ['the id is none, though it begins like one', 'docker run -i img', null, `${ID}\n--all`],
    ['the id is too short', 'docker run -i img', null, 'ab'],
  ])('is not needed where %s', async (_, line, exitCode, id) => {
    expect(await removalOf(line, exitCode, id)).toBeUndefined();
  });

  it.each([
    ['the tool was killed', 'docker run -i --rm img', null],
    ['the tool failed, which may be its own failure', 'docker run -i --rm img', 1],
    ['there is no --rm, whatever the tool ended with', 'docker run -i img', 0],
    ['there is --rm=false', 'docker run -i --rm=false img', 0],
  ])('is needed where %s', async (_, line, exitCode) => {
    expect(await removalOf(line, exitCode)).toMatch(/ID$/);
  });

  it('takes an id with a newline after it', async () => {
    expect(await removalOf('podman run -i img', null, `${ID}\n`)).toBe('podman rm -f -v ID');
  });
});

describe('the end', () => {
  const LINE = 'docker --context CONTEXT run -i --rm img';

  it('leaves no file, and does nothing where the container was never there', async () => {
    const setup = setUp(LINE);
    await setup.container?.remove(null);
    expect(readdirSync(setup.engine.temp)).toEqual([]);
    expect(setup.engine.calls()).toEqual([]);
    expect(setup.log.lines).toEqual([]);
  });

  it('is quiet about a container that is gone already', async () => {
    const setup = setUp(LINE);
    writeFileSync(cidfileOf(setup), ID);
    await setup.container?.remove(null);
    expect(setup.engine.calls()).toEqual([['rm', '-f', '-v', ID]]);
    expect(readdirSync(setup.engine.temp)).toEqual([]);
    expect(setup.log.lines.filter((line) => !line.startsWith('debug'))).toEqual([]);
    expect(setup.clock.pending()).toEqual([]);
  });

  it.each([
    ['gone', `Error response from daemon: No such container: ${ID}`],
    ['gone', `Error: no container with name or ID "${ID}" found: no such container`],
    ['gone', `Error response from daemon: removal of container ${ID} is already in progress`],
    ['gone', `Error response from daemon: cannot kill container: ${ID}: container ${ID} is not running`],
    ['gone', `Error: can only kill running containers. ${ID} is in state exited: container state improper`],
    ['left', 'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?'],
    ['left', 'error during connect: this error may indicate that the docker daemon is not running'],
    ['left', 'Error: unknown shorthand flag'],
    ['left', ''],
  ])('takes it for %s where the engine says: %s', async (what, said) => {
    const engine = path.join(tempDir(), 'docker');
    writeFileSync(engine, `#!/bin/sh\necho '${said}' >&2\nexit 1\n`, { mode: 0o755 });
    const setup = setUp(`${engine} run -i img`);
    writeFileSync(cidfileOf(setup), ID);
    await setup.container?.remove(null);
    const warnings = setup.log.lines.filter((line) => line.startsWith('warn: a container may be left'));
    expect(warnings).toHaveLength(what === 'left' ? 1 : 0);
  });

  it('tells what to run where the engine could not do it', async () => {
    const setup = setUp(LINE);
    writeFileSync(path.join(setup.engine.context, 'no-daemon'), '');
    writeFileSync(cidfileOf(setup), ID);
    await setup.container?.remove(null);
    expect(setup.log.lines).toContain(
      'warn: a container may be left: docker ended with 1 (docker: Cannot connect to the Docker daemon). ' +
        `Remove it by: docker --context ${setup.engine.context} rm -f -v ${ID}`,
    );
  });

  it('tells what to run where the engine cannot be started', async () => {
    const setup = setUp('/no/such/docker run -i img');
    writeFileSync(cidfileOf(setup), ID);
    await setup.container?.remove(null);
    expect(setup.log.lines.at(-1)).toMatch(/^warn: a container may be left: .*ENOENT.*rm -f -v/);
    expect(readdirSync(setup.engine.temp)).toEqual([]);
  });

  it('tells of it where not even the reason can be written down', async () => {
    const setup = setUp(LINE);
    writeFileSync(cidfileOf(setup), ID);
    mkdirSync(path.join(path.dirname(cidfileOf(setup)), 'errors'));
    await setup.container?.remove(null);
    expect(setup.log.lines.at(-1)).toMatch(/^warn: a container may be left: EISDIR/);
  });

  it('is not the business of the group that the proxy is in: what is sent to that does not reach the engine', async () => {
    const engine = path.join(tempDir(), 'docker');
    const group = `${engine}.group`;
    writeFileSync(engine, `#!/bin/sh\necho $$ $(ps -o pgid= -p $$) > ${group}\n`, { mode: 0o755 });
    const setup = setUp(`${engine} run -i img`, { PATH: process.env['PATH'] ?? '' });
    writeFileSync(cidfileOf(setup), ID);
    await setup.container?.remove(null);
    expect(readFileSync(group, 'utf8')).toMatch(/^(\d+) \1\n$/);
  });

  it('does not wait longer than half a second; the engine goes on', async () => {
    const setup = setUp(LINE);
    const hold = path.join(setup.engine.context, 'hold-rm');
    writeFileSync(hold, '');
    writeFileSync(cidfileOf(setup), ID);
    const removed = setup.container?.remove(null);
    await setup.clock.pass(500);
    await removed;
    expect(readdirSync(setup.engine.temp)).toEqual([]);
    expect(setup.log.lines.at(-1)).toBe('debug: the engine goes on removing the container by itself');
    // It has to be through before its folder is removed: it would make another one.
    rmSync(hold);
    await waitUntilGone(setup.engine.context, 5000);
    expect(setup.engine.calls().map(([command]) => command)).toEqual(['rm']);
  });
});
