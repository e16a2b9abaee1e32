// The tools of our own: which are listed when, what is said of them, and where a call of one goes (DESIGN 2.3).
// Not for: what their calls lead to (login.ts, status.ts, logout.ts).
import type { Step } from './events.ts';
import { callLogin } from './login.ts';
import { callLogout } from './logout.ts';
import type { OwnTool } from './own-names.ts';
import { callStatus } from './status.ts';
import type { Pending, SessionConfig, State } from './state.ts';

/** Which are there at all, by whether a person can log in; those of `--auth-tools` may be called while locked as well. */
const ALL: readonly OwnTool[] = ['login', 'status', 'logout'];
const LOGIN_ONLY: readonly OwnTool[] = ['login'];
const STATUS_ONLY: readonly OwnTool[] = ['status'];
const NONE: readonly OwnTool[] = [];

/** A call of a tool of ours, which it answers in the end. False where it has to wait like any other call. */
export function callOwnTool(step: Step, pending: Pending): boolean {
  const tool = ownToolOf(step.state, pending);
  if (tool === 'login') return callLogin(step, pending);
  if (tool === 'status') callStatus(step, pending);
  else if (tool === 'logout') callLogout(step, pending);
  return tool !== undefined;
}

function ownToolOf({ config, own }: State, { method, tool }: Pending): OwnTool | undefined {
  if (method !== 'tools/call' || tool === undefined) return undefined;
  return existing(config).find((one) => own[one] === tool);
}

function existing({ authTools, unattended }: SessionConfig): readonly OwnTool[] {
  if (unattended) return authTools ? STATUS_ONLY : NONE;
  return authTools ? ALL : LOGIN_ONLY;
}
