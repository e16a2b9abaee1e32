// The answer to the client's `initialize`: an upstream's own with listChanged added, or one made up where no
// upstream answers (DESIGN 2.2). Not for: when generations are asked (generations.ts).
import { dig, parse, resultFrame } from '../wire/message.ts';
import type { RequestFrame } from '../wire/message.ts';
import { locate, setMember } from '../wire/splice.ts';
import type { Hello, Told } from './client-side.ts';
import { noTokenText } from './replies.ts';
import type { State } from './state.ts';

/** The revisions that begin with `initialize`, newest first. */
export const KNOWN_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** What the client says of itself. */
export function readHello(frame: RequestFrame): Hello {
  const range = locate(frame.bytes, ['params']);
  const params = dig(parse(frame.bytes), 'params');
  const version = dig(params, 'protocolVersion');
  const elicitation = dig(params, 'capabilities', 'elicitation');
  return {
    id: frame.id,
    params: range ? frame.bytes.toString('utf8', range.start, range.end) : '{}',
    protocolVersion: typeof version === 'string' ? version : '',
    elicitation: elicitationMode(elicitation),
  };
}

/** `{}` means form only (2025-06-18 knew nothing else). */
function elicitationMode(declared: unknown): Hello['elicitation'] {
  if (typeof declared !== 'object' || declared === null) return undefined;
  if ('url' in declared) return 'url';
  if ('form' in declared || Object.keys(declared).length === 0) return 'form';
  return undefined;
}

/** An upstream's answer, changed only where it lacks `tools.listChanged: true`. */
export function adoptAnswer(result: Buffer): Told {
  const seen = parse(result);
  return {
    result: withListChanged(result, seen).toString('utf8'),
    ...described(seen),
    synthetic: false,
  };
}

/** Protocol version and capabilities of an `initialize` result. */
export function described(result: unknown): Pick<Told, 'protocolVersion' | 'capabilities'> {
  const version = dig(result, 'protocolVersion');
  const capabilities = dig(result, 'capabilities');
  return {
    protocolVersion: typeof version === 'string' ? version : '',
    capabilities:
      typeof capabilities === 'object' && capabilities !== null
        ? (capabilities as Record<string, unknown>)
        : {},
  };
}

function withListChanged(result: Buffer, seen: unknown): Buffer {
  if (dig(seen, 'capabilities', 'tools', 'listChanged') === true) return result;
  const tools = locate(result, ['capabilities', 'tools']);
  if (tools && typeof dig(seen, 'capabilities', 'tools') === 'object')
    return setMember(result, tools, 'listChanged', 'true');
  const capabilities = locate(result, ['capabilities']);
  if (capabilities) return setMember(result, capabilities, 'tools', '{"listChanged":true}');
  return setMember(
    result,
    { start: 0, end: result.length },
    'capabilities',
    '{"tools":{"listChanged":true}}',
  );
}

/** An answer of our own: everything an upstream may turn out to offer, as lists that will change. */
export function madeUp(hello: Hello, state: State): Told {
  const known = KNOWN_VERSIONS.find((version) => version === hello.protocolVersion);
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
  };
  const protocolVersion = known ?? KNOWN_VERSIONS[0];
  const result = JSON.stringify({
    protocolVersion,
    capabilities,
    serverInfo: { name: 'gh-mcp-proxy', version: state.config.version },
    instructions: instructions(state),
  });
  return { result, protocolVersion, capabilities, synthetic: true };
}

/** How a model comes to the tools that are not there yet; where nothing can be done for it, what keeps them away. */
function instructions(state: State): string {
  const { config, own } = state;
  if (config.unattended)
    return `${noTokenText(state)} The tools of this server are listed as soon as there is one; no tool has to be called for that.`;
  return (
    `Nobody is logged in to ${config.hostLabel} yet. Call the tool ${own.login} to log the person in; the other ` +
    'tools of this server are listed after that.'
  );
}

/** The answer as a frame under the client's own id. */
export function toldFrame(id: string, told: Told): Buffer {
  return resultFrame(id, told.result);
}
