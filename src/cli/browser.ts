// Opens a page on the person's own desktop. Not for: showing where to log in; text always does that.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Log } from '../base/log.ts';

/** Set where a browser that opens would be on a screen that nobody sits at. */
const REMOTE_MARKS = [
  'SSH_CONNECTION',
  'SSH_TTY',
  'SSH_CLIENT',
  'CI',
  'CODESPACES',
  'container',
  'KUBERNETES_SERVICE_HOST',
];
/** There in containers of docker and of podman. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv'];

/** Whether this process runs on a desktop session that a person looks at. */
export function onLocalDesktop(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  fileExists: (file: string) => boolean = existsSync,
): boolean {
  if (REMOTE_MARKS.some((name) => env[name] !== undefined && env[name] !== '')) return false;
  if (CONTAINER_MARKS.some((file) => fileExists(file))) return false;
  if (platform === 'darwin' || platform === 'win32') return true;
  return [env['DISPLAY'], env['WAYLAND_DISPLAY']].some((display) => display !== undefined && display !== '');
}

/** The command that opens `url`. On Windows not `start`: it is a shell's, and would read & in the URL. */
export function openCommand(url: string, platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open', url];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return ['xdg-open', url];
}

/** Opens `url` and returns at once; a browser that does not open is only logged. */
export function openPage(url: string, log: Log): void {
  const [file, ...args] = openCommand(url, process.platform);
  try {
    const child = spawn(file, args, { stdio: 'ignore', detached: true, windowsHide: true });
    child.once('error', () => log.info(`no browser could be opened with ${file}`));
    child.unref();
  } catch {
    log.info(`no browser could be opened with ${file}`);
  }
}
