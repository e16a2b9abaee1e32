import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { prepareContainerCommand } from '../../../src/upstream/container.ts';

const PAT = 'GITHUB_PERSONAL_ACCESS_TOKEN';
const words = (line: string): string[] => line.split(' ');
const prepare = (line: string, names = [PAT]): string =>
  prepareContainerCommand(words(line), names).join(' ');

describe('prepareContainerCommand', () => {
  it.each([
    'npx -y @modelcontextprotocol/server-github',
    'node server.js run -t',
    'docker compose run server',
    'docker exec -i container server',
    'docker --context run ps',
    'docker',
    'mydocker run image',
    'sh -c docker',
  ])('leaves %s unchanged', (line) => {
    expect(prepare(line)).toBe(line);
  });

  it.each([
    ['docker run --rm -i img', 'docker run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img'],
    ['podman run --rm -i img stdio', 'podman run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img stdio'],
    ['nerdctl -n ns run --rm -i img', 'nerdctl -n ns run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img'],
    ['/usr/bin/docker run --rm -i img', '/usr/bin/docker run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img'],
    [
      'C:\\Docker\\Docker.EXE run --rm -i img',
      'C:\\Docker\\Docker.EXE run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img',
    ],
    [
      'docker --context x run --rm -i img',
      'docker --context x run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img',
    ],
    [
      'docker -Dc x -H=tcp://h run --rm -i img',
      'docker -Dc x -H=tcp://h run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img',
    ],
    [
      'docker --tls container run --rm -i img',
      'docker --tls container run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img',
    ],
    ['podman --remote run --rm -i img', 'podman --remote run -e GITHUB_PERSONAL_ACCESS_TOKEN --rm -i img'],
  ])('adds the name right after run: %s', (line, expected) => {
    expect(prepare(line)).toBe(expected);
  });

  it.each([
    `docker run --rm -i -e ${PAT} img`,
    `docker run --rm -i -e${PAT} img`,
    `docker run --rm -i -e=${PAT} img`,
    `docker run --rm -ie ${PAT} img`,
    `docker run --rm -ie${PAT} img`,
    `docker run --rm -i --env ${PAT} img`,
    `docker run --rm -i --env=${PAT} img`,
  ])('does not add what is there: %s', (line) => {
    expect(prepare(line)).toBe(line);
  });

  it('adds all missing names in order, and overrides an --env-file', () => {
    expect(prepare('docker run --rm -i --env-file x -e B img', ['A', 'B', 'GITHUB_HOST'])).toBe(
      'docker run -e A -e GITHUB_HOST --rm -i --env-file x -e B img',
    );
  });

  it('does not take the arguments of the server, or the value of another flag, for flags', () => {
    expect(prepare(`docker run -i img -t -d --name x --rm -e ${PAT}=x`)).toBe(
      `docker run --rm -e ${PAT} -i img -t -d --name x --rm -e ${PAT}=x`,
    );
    expect(prepare('docker run -i --label -t -v -d --label=-t img')).toContain(`-e ${PAT}`);
    expect(prepare('docker run -i -- img -t')).toBe(`docker run --rm -e ${PAT} -i -- img -t`);
  });

  it.each([
    'docker run --rm -i img',
    'docker run --rm --init --privileged --read-only --no-healthcheck --oom-kill-disable -i img',
    'docker run --rm -q -P --sig-proxy=false --disable-content-trust --publish-all --quiet -i img',
    'docker run --rm --network host -p 1:1 -v a:b --memory-swap -1 -i img',
    'docker run --rm --interactive img',
    'docker run --rm --interactive=true img',
    'docker run --rm -i=1 img',
    'docker run --rm -i --tty=false --detach=false img',
    'podman run --rm --replace --env-host --no-hosts --tls-verify --rmi -i img',
  ])('finds the input open: %s', (line) => {
    expect(prepare(line, [])).toBe(line);
  });

  it.each([
    'docker run img',
    'docker run --rm img -i',
    'docker run --label -i img',
    'docker run -i=false img',
    'docker run -i --interactive=false img',
    'docker run',
  ])('says that -i is missing: %s', (line) => {
    expect(() => prepare(line)).toThrow(UsageError);
    expect(() => prepare(line)).toThrow(/no -i/);
  });

  it.each(['-it', '-ti', '-i -t', '-i --tty', '--tty=true -i', '-i -t=T'])(
    'refuses a terminal: %s',
    (flags) => {
      expect(() => prepare(`docker run ${flags} img`)).toThrow(/-t \(--tty\)/);
    },
  );

  it.each(['-di', '-i -d', '-i --detach', '-id'])('refuses the background: %s', (flags) => {
    expect(() => prepare(`podman run ${flags} img`)).toThrow(/-d \(--detach\)/);
  });

  it.each([`-e ${PAT}=hidden`, `-e${PAT}=hidden`, `--env=${PAT}=hidden`, `-e ${PAT}=`])(
    'refuses a literal token and does not print it: %s',
    (flags) => {
      const run = (): string => prepare(`docker run -i ${flags} img`);
      expect(run).toThrow(UsageError);
      expect(run).toThrow(PAT);
      expect(run).not.toThrow(/hidden/);
    },
  );

  it('lets a literal GITHUB_HOST stand, and other variables', () => {
    const line = 'docker run --rm -i -e GITHUB_HOST=https://ghes.example -e X=1 img';
    expect(prepare(line, ['GITHUB_HOST'])).toBe(line);
  });

  it.each([
    ['docker run -i img', 'docker run --rm -i img'],
    ['docker --context x container run -i img --rm', 'docker --context x container run --rm -i img --rm'],
    ['podman run --label --rm -i img', 'podman run --rm --label --rm -i img'],
    ['nerdctl run -i img', 'nerdctl run --rm -i img'],
  ])('adds --rm where nothing is said of it: %s', (line, expected) => {
    expect(prepare(line, [])).toBe(expected);
  });

  it.each([
    'docker run -i --rm img',
    'docker run -i --rm=true img',
    'docker run -i --rm=false img',
    // The engines do not take the two together.
    'docker run -i --restart=no img',
    'podman run -i --restart always img',
  ])('does not where something is: %s', (line) => {
    expect(prepare(line, [])).toBe(line);
  });

  it.each(['--name x', '--name=x', '--rm --name x --replace'])(
    'refuses a name, which one container only can have: %s',
    (flags) => {
      const run = (): string => prepare(`podman run -i ${flags} img`);
      expect(run).toThrow(UsageError);
      expect(run).toThrow(/^"podman run" has --name: .*podman gives a name to one container only$/);
    },
  );

  it.each(['--cidfile x', '--cidfile=x', '--cidfile='])(
    'refuses a file for the id, which keeps the second container from starting: %s',
    (flags) => {
      const run = (): string => prepare(`nerdctl -n ns run -i ${flags} img`);
      expect(run).toThrow(UsageError);
      expect(run).toThrow(/^"nerdctl run" has --cidfile: .*none could be started for the next token$/);
    },
  );
});
