// The list of tools on its way to the client: what is learnt of it, and our own in its first places (DESIGN 2.3).
// Not for: which of ours those are (own-listing.ts), or calls of tools.
import { dig, notificationFrame, parse, resultFrame } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { insertFirst, locate } from '../wire/splice.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { ownToolsJson } from './own-listing.ts';
import { givingWay, usuallyCalled } from './own-names.ts';
import type { OwnTool } from './own-names.ts';
import type { Pending, State } from './state.ts';

/** The bytes of a tools/list answer as the client gets them. */
export function passTools(step: Step, pending: Pending, frame: ResponseFrame): Buffer {
  const { state } = step;
  const tools = dig(parse(frame.bytes), 'result', 'tools');
  if (Array.isArray(tools)) learn(step, pending, tools);
  const ours = pending.paged ? '' : ownToolsJson(state);
  if (ours === '') return frame.bytes;
  const range = locate(frame.bytes, ['result', 'tools']);
  if (range && Array.isArray(tools)) return insertFirst(frame.bytes, range, ours);
  // An upstream that will not list its tools without a token: the way to log in is what there is to list.
  return state.auth.kind === 'locked' ? onlyOwnTools(state, pending) : frame.bytes;
}

/** The answer where no upstream can be asked. */
export function onlyOwnTools(state: State, pending: Pending): Buffer {
  return resultFrame(pending.id, `{"tools":[${ownToolsJson(state)}]}`);
}

/** The upstream has a tool of our name: its own is called by it from now on, and ours by another. */
function giveWay(step: Step, pending: Pending, tool: OwnTool): void {
  const { state } = step;
  const own = givingWay(state.own, tool);
  if (own === state.own) return;
  const listed = ownToolsJson(state);
  state.own = own;
  // The first page has already gone out with the old name in it.
  if (pending.paged && ownToolsJson(state) !== listed)
    toClient(step, notificationFrame('notifications/tools/list_changed'));
}

function learn(step: Step, pending: Pending, tools: readonly unknown[]): void {
  const { state } = step;
  const repeatable = new Set(pending.paged ? state.repeatable : []);
  for (const tool of tools) {
    const name = dig(tool, 'name');
    if (typeof name !== 'string') continue;
    const ours = usuallyCalled(name);
    if (ours) giveWay(step, pending, ours);
    if (
      dig(tool, 'annotations', 'readOnlyHint') === true ||
      dig(tool, 'annotations', 'idempotentHint') === true
    )
      repeatable.add(name);
  }
  state.repeatable = repeatable;
}
