// What a JSON-RPC message looks like to a test. Not for: src/, whose own types are what is being tested.

export type Json = Record<string, unknown>;

/** A parsed line. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The message, or undefined where the text is not a JSON object. */
export function parseMessage(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a `tools/call` result, its parts joined; fails where the response is an error. */
export function toolText(message: Message): string {
  const content = message.result?.['content'];
  if (!Array.isArray(content)) throw new Error(`not a tool result: ${JSON.stringify(message)}`);
  return (content as { text?: string }[]).map((part) => part.text ?? '').join('\n');
}

/** The names in a `tools/list` result, in order. */
export function toolNames(message: Message): string[] {
  const tools = message.result?.['tools'];
  if (!Array.isArray(tools)) throw new Error(`not a list of tools: ${JSON.stringify(message)}`);
  return (tools as { name: string }[]).map((tool) => tool.name);
}
