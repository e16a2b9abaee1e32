// The list of tools on its way to the client: what is learnt of it, and `auth_login` in its first place while
// locked (DESIGN 2.3). Not for: calls of tools.
import { dig, notificationFrame, parse, resultFrame } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { insertFirst, locate } from '../wire/splice.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { authToolJson } from './replies.ts';
import type { Pending, State } from './state.ts';

const AUTH_TOOL = 'auth_login';
/** Ours where the upstream has a tool of that name itself: the upstream's wins. */
const AUTH_TOOL_ON_COLLISION = 'gh_mcp_proxy_auth_login';

/** The bytes of a tools/list answer as the client gets them. */
export function passTools(step: Step, pending: Pending, frame: ResponseFrame): Buffer {
  const { state } = step;
  const tools = dig(parse(frame.bytes), 'result', 'tools');
  if (Array.isArray(tools)) learn(step, pending, tools);
  if (state.auth.kind !== 'locked' || pending.paged) return frame.bytes;
  const range = locate(frame.bytes, ['result', 'tools']);
  // An upstream that will not list its tools without a token: the way to log in is what there is to list.
  if (!range || !Array.isArray(tools)) return onlyAuthTool(state, pending);
  return insertFirst(frame.bytes, range, authToolJson(state.authTool, state.config.hostLabel));
}

/** The answer where no upstream can be asked. */
export function onlyAuthTool(state: State, pending: Pending): Buffer {
  const tools = state.auth.kind === 'locked' ? authToolJson(state.authTool, state.config.hostLabel) : '';
  return resultFrame(pending.id, `{"tools":[${tools}]}`);
}

/** The upstream has a tool of our name: its own is called by it from now on, and ours by another. */
function giveWay(step: Step, pending: Pending): void {
  const { state } = step;
  if (state.authTool === AUTH_TOOL_ON_COLLISION) return;
  state.authTool = AUTH_TOOL_ON_COLLISION;
  // The first page has already gone out with the old name in it.
  if (pending.paged && state.auth.kind === 'locked')
    toClient(step, notificationFrame('notifications/tools/list_changed'));
}

function learn(step: Step, pending: Pending, tools: readonly unknown[]): void {
  const { state } = step;
  const repeatable = new Set(pending.paged ? state.repeatable : []);
  for (const tool of tools) {
    const name = dig(tool, 'name');
    if (typeof name !== 'string') continue;
    if (name === AUTH_TOOL) giveWay(step, pending);
    if (
      dig(tool, 'annotations', 'readOnlyHint') === true ||
      dig(tool, 'annotations', 'idempotentHint') === true
    )
      repeatable.add(name);
  }
  state.repeatable = repeatable;
}
