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
    ['docker run -i --rm img', 'docker run -e GITHUB_PERSONAL_ACCESS_TOKEN -i --rm img'],
    ['podman run -i img stdio', 'podman run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img stdio'],
    ['nerdctl -n ns run -i img', 'nerdctl -n ns run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img'],
    ['/usr/bin/docker run -i img', '/usr/bin/docker run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img'],
    [
      'C:\\Docker\\Docker.EXE run -i img',
      'C:\\Docker\\Docker.EXE run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img',
    ],
    ['docker --context x run -i img', 'docker --context x run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img'],
    [
      'docker -Dc x -H=tcp://h run -i img',
      'docker -Dc x -H=tcp://h run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img',
    ],
    [
      'docker --tls container run -i img',
      'docker --tls container run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img',
    ],
    ['podman --remote run -i img', 'podman --remote run -e GITHUB_PERSONAL_ACCESS_TOKEN -i img'],
  ])('adds the name right after run: %s', (line, expected) => {
    expect(prepare(line)).toBe(expected);
  });

  it.each([
    `docker run -i -e ${PAT} img`,
    `docker run -i -e${PAT} img`,
    `docker run -i -e=${PAT} img`,
    `docker run -ie ${PAT} img`,
    `docker run -ie${PAT} img`,
    `docker run -i --env ${PAT} img`,
    `docker run -i --env=${PAT} img`,
  ])('does not add what is there: %s', (line) => {
    expect(prepare(line)).toBe(line);
  });

  it('adds all missing names in order, and overrides an --env-file', () => {
    expect(prepare('docker run -i --env-file x -e B img', ['A', 'B', 'GITHUB_HOST'])).toBe(
      'docker run -e A -e GITHUB_HOST -i --env-file x -e B img',
    );
  });

  it('does not take the arguments of the server, or the value of another flag, for flags', () => {
    expect(prepare(`docker run -i img -t -d -e ${PAT}=x`)).toBe(
      `docker run -e ${PAT} -i img -t -d -e ${PAT}=x`,
    );
    expect(prepare('docker run -i --name -t -v -d --label=-t img')).toContain(`-e ${PAT}`);
    expect(prepare('docker run -i -- img -t')).toBe(`docker run -e ${PAT} -i -- img -t`);
  });

  it.each([
    'docker run -i img',
    'docker run --rm --init --privileged --read-only --no-healthcheck --oom-kill-disable -i img',
    'docker run -q -P --sig-proxy=false --disable-content-trust --publish-all --quiet -i img',
    'docker run --network host -p 1:1 -v a:b --memory-swap -1 -i img',
    'docker run --interactive img',
    'docker run --interactive=true img',
    'docker run -i=1 img',
    'docker run -i --tty=false --detach=false img',
    'podman run --replace --env-host --no-hosts --tls-verify --rmi -i img',
  ])('finds the input open: %s', (line) => {
    expect(prepare(line, [])).toBe(line);
  });

  it.each([
    'docker run img',
    'docker run --rm img -i',
    'docker run --name -i img',
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
    const line = 'docker run -i -e GITHUB_HOST=https://ghes.example -e X=1 img';
    expect(prepare(line, ['GITHUB_HOST'])).toBe(line);
  });
});
