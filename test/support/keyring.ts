// A real gnome-keyring on a D-Bus of its own, for tests of the keychain. Linux with Debian's gnome-keyring and dbus.
// Not for: the proxy in front of it.
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { spawnInTest } from './spawned.ts';
import { tempDir } from './temp.ts';

const PROGRAMS = ['dbus-daemon', 'gnome-keyring-daemon'];
const PASSWORD = 'the-keyring-password-of-this-test';
const SECRETS = 'org.freedesktop.secrets';
/** What gnome-keyring asks to ask a person for a password. */
const PROMPTER = 'org.gnome.keyring.SystemPrompter';

/** Why there is no keyring to test with; `undefined` where there is one. */
export function keyringObstacle(): string | undefined {
  const missing = PROGRAMS.filter((program) => !inPath(program));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

function inPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(path.delimiter).some((dir) => {
    try {
      accessSync(path.join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface TestKeyring {
  /** What a desktop session gives to programs: the bus's address. */
  readonly env: Readonly<Record<string, string>>;
  /** As systemd's runtime directory of this user: the bus's socket is `bus` in it. */
  readonly runtimeDir: string;
  /** As `/run`: the runtime directory lies in it as it does there. */
  readonly run: string;
  /** The password that unlocks it: in nothing that we write. */
  readonly password: string;
  /** Sends a signal to the keyring, which has to have been used. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal to the bus itself. */
  signalBus(signal: NodeJS.Signals): void;
  /** Ends the keyring; the next one to be asked begins locked, and whoever unlocks it has to ask a person. */
  lock(): Promise<void>;
  /** As {@link lock}, but the next one begins unlocked. */
  unlock(): Promise<void>;
}

export interface KeyringOptions {
  /** `none`: nobody is there to ask for a password. `silent`: somebody is, and never answers. */
  readonly prompter?: 'none' | 'silent';
  /** Nothing on the bus keeps secrets. */
  readonly empty?: boolean;
}

/** A bus that starts the keyring, unlocked, as soon as somebody asks for secrets. All ends with the test. */
export async function startKeyring({
  prompter = 'none',
  empty = false,
}: KeyringOptions = {}): Promise<TestKeyring> {
  const home = tempDir();
  const run = path.join(home, 'run');
  const runtimeDir = path.join(run, 'user', String(process.getuid?.()));
  const services = path.join(home, 'services');
  for (const dir of [runtimeDir, services]) mkdirSync(dir, { mode: 0o700, recursive: true });
  const socket = path.join(runtimeDir, 'bus');
  const password = path.join(home, 'password');
  const locked = path.join(home, 'locked');
  const pidFile = path.join(home, 'pid');
  writeFileSync(password, PASSWORD);

  const service = (name: string, script: string): void => {
    const file = path.join(home, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    writeFileSync(path.join(services, `${name}.service`), `[D-BUS Service]\nName=${name}\nExec=${file}\n`);
  };
  const daemon = 'exec gnome-keyring-daemon --foreground --components=secrets';
  if (!empty) {
    service(
      SECRETS,
      `echo $$ >${pidFile}\nif [ -e ${locked} ]; then ${daemon} </dev/null; fi\n${daemon} --unlock <${password}`,
    );
  }
  if (prompter === 'silent') service(PROMPTER, 'exec sleep 60');
  const config = path.join(home, 'bus.conf');
  writeFileSync(config, busConfig(socket, services));

  const bus = spawnInTest(['dbus-daemon', `--config-file=${config}`, '--nofork', '--print-address'], {
    env: { HOME: home, XDG_RUNTIME_DIR: runtimeDir },
  });
  // It prints its address as soon as it listens.
  await once(bus.stdout, 'data');

  const signal = (name: NodeJS.Signals): void => {
    process.kill(Number(readFileSync(pidFile, 'utf8')), name);
  };
  const end = async (): Promise<void> => {
    if (!existsSync(pidFile)) return;
    const pid = readFileSync(pidFile, 'utf8').trim();
    signal('SIGKILL');
    rmSync(pidFile);
    await waitUntilGone(pid);
  };
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}` },
    runtimeDir,
    run,
    password: PASSWORD,
    signal,
    signalBus: (name) => void bus.kill(name),
    async lock() {
      writeFileSync(locked, '');
      await end();
    },
    async unlock() {
      rmSync(locked, { force: true });
      await end();
    },
  };
}

/** It is no child of ours, so there is nothing to wait for but its entry in /proc. */
async function waitUntilGone(pid: string): Promise<void> {
  const isAlive = (): boolean => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return false;
    }
  };
  while (isAlive()) await new Promise(setImmediate);
}

function busConfig(socket: string, services: string): string {
  return `<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}
