// When a page is opened on the person's own desktop, and by which command. Not for: on which rung of the login it is
// opened (integration/open-browser.test.ts).
import { expect, test } from 'vitest';
import { onLocalDesktop, openCommand } from '../../../src/cli/browser.ts';

const nowhere = (): boolean => false;
const DESKTOP = { DISPLAY: ':0' };

test.each([
  ['linux', DESKTOP],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }],
  ['linux', { ...DESKTOP, CI: '', SSH_TTY: '' }],
  ['freebsd', DESKTOP],
  ['darwin', {}],
  ['win32', {}],
] as const)('%s with %o is a local desktop', (platform, env) => {
  expect(onLocalDesktop(env, platform, nowhere)).toBe(true);
});

test.each([
  ['linux', {}],
  ['linux', { DISPLAY: '', WAYLAND_DISPLAY: '' }],
  ...[
    'CI',
    'SSH_CONNECTION',
    'SSH_TTY',
    'SSH_CLIENT',
    'CODESPACES',
    'container',
    'KUBERNETES_SERVICE_HOST',
  ].flatMap(
    (mark) =>
      [
        ['linux', { ...DESKTOP, [mark]: 'yes' }],
        ['darwin', { [mark]: 'yes' }],
        ['win32', { [mark]: 'yes' }],
      ] as const,
  ),
] as const)('%s with %o is none', (platform, env) => {
  expect(onLocalDesktop(env, platform, nowhere)).toBe(false);
});

test.each(['/.dockerenv', '/run/.containerenv'])('nor is a container, known by %s', (mark) => {
  expect(onLocalDesktop(DESKTOP, 'linux', (file) => file === mark)).toBe(false);
});

test.each([
  ['linux', ['xdg-open', 'https://x/?a=1&b=$(2)']],
  ['darwin', ['open', 'https://x/?a=1&b=$(2)']],
  ['win32', ['rundll32', 'url.dll,FileProtocolHandler', 'https://x/?a=1&b=$(2)']],
] as const)('on %s the address is one argument, and no shell reads it', (platform, command) => {
  expect(openCommand('https://x/?a=1&b=$(2)', platform)).toEqual(command);
});
