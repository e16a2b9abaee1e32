// Where the D-Bus session bus is when a client kept its address from us: most give a server six variables, and that is
// none of them. Not for: talking to it, or systems without D-Bus.
import { stat } from 'node:fs/promises';
import path from 'node:path';

export interface SessionBusOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Whose the socket has to be: a bus of somebody else's would be told our key. */
  readonly uid: number;
  /** Default: `/run/user`, where systemd and elogind keep the runtime directories. */
  readonly runtimeDirs?: string;
}

/**
 * The bus's address, or `undefined` where none is found.
 * D-Bus Specification, "Server Addresses" and "Well-known Message Bus Instances": `$XDG_RUNTIME_DIR/bus`.
 */
export async function findSessionBus(options: SessionBusOptions): Promise<string | undefined> {
  const { env, uid } = options;
  if (env.DBUS_SESSION_BUS_ADDRESS) return env.DBUS_SESSION_BUS_ADDRESS;
  for (const socket of busSockets(options)) {
    const found = await stat(socket).catch(() => undefined);
    if (found?.isSocket() && found.uid === uid) return `unix:path=${escape(socket)}`;
  }
  return undefined;
}

/** Where it is looked for, in order. */
export function busSockets({ env, uid, runtimeDirs = '/run/user' }: SessionBusOptions): string[] {
  const dirs = [env.XDG_RUNTIME_DIR, path.join(runtimeDirs, String(uid))];
  return [...new Set(dirs.filter((dir) => dir !== undefined && path.isAbsolute(dir)))].map((dir) =>
    path.join(String(dir), 'bus'),
  );
}

/** As an address spells a path: what is not optionally-escaped is `%` and two hex digits a byte. */
function escape(file: string): string {
  return [...Buffer.from(file)].map((byte) => spell(byte)).join('');
}

function spell(byte: number): string {
  const character = String.fromCodePoint(byte);
  return /[-0-9A-Za-z_/.\\*]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
}
