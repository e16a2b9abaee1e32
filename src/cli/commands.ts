// The code of all commands, by name. Loaded as one when any of them is asked for: `run` must not pay for them, and each
// file on its own would cut what `run` loads into many small ones (measured: half a millisecond a file).
// Not for: their names and options (verbs.ts).
import { audit } from './audit.ts';
import type { Command } from './command.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { refresh } from './refresh.ts';
import { status } from './status.ts';
import { token } from './token.ts';
import type { CommandName } from './verbs.ts';

export const COMMAND_CODE: Readonly<Record<CommandName, Command>> = {
  login,
  logout,
  status,
  token,
  refresh,
  audit,
};
