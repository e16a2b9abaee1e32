// Lines from a pipe, one when it is asked for. Not for: frames of the protocol that is forwarded (wire/frames.ts).
import type { Readable } from 'node:stream';

/** No line here is longer than some kilobytes, in characters. */
const LONGEST_LINE = 1024 * 1024;

/** @returns the next line without its end; `undefined` once the pipe has ended, or what comes is no line any more */
export function lineReader(input: Readable): () => Promise<string | undefined> {
  let text = '';
  let hasEnded = false;
  let waiting: (() => void) | undefined;
  const tell = (): void => waiting?.();
  const end = (): void => {
    hasEnded = true;
    tell();
  };
  input.setEncoding('utf8');
  input.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > LONGEST_LINE) end();
    tell();
  });
  input.on('end', end);
  input.on('close', end);
  input.on('error', end);

  return async () => {
    for (;;) {
      const at = text.indexOf('\n');
      if (at >= 0) {
        const line = text.slice(0, at);
        text = text.slice(at + 1);
        return line;
      }
      if (hasEnded) return undefined;
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    }
  };
}
