// The page that a person has to open, and its code where there is one, on a terminal, or in plain lines where there is none.
// Not for: the login itself (auth/), or how it ends (login.ts).
import type { LoginPrompt } from '../auth/token-source.ts';
import { notice } from './screen.ts';
import type { Output, Screen } from './screen.ts';

export interface PromptScreen {
  readonly screen: Screen;
  /** Opens the page on the person's own desktop; `undefined` where there is none, or it is not wanted. */
  readonly openPage: ((url: string) => void) | undefined;
  /** Ends the wait for Enter. */
  readonly signal: AbortSignal;
}

/** Modules of light around the code, without which scanners do not find it. The standard asks for 4; 2 do on a screen. */
const QR_BORDER = 2;

/** Shows what a person needs, and opens the page once Enter is pressed. Resolves when nothing more is to be shown. */
export async function showPrompt(
  prompt: LoginPrompt,
  { screen, openPage, signal }: PromptScreen,
): Promise<void> {
  const { say } = screen;
  const { userCode, verificationUri, purpose } = prompt;
  if (purpose !== undefined) await say.line(notice(say, purpose));
  // A page without a code leads back to this machine, or is too long an address to be read from a screen.
  if (screen.isInteractive && userCode !== undefined) {
    const code = await qrCode(verificationUri, say);
    if (code !== undefined) await say.line(code);
  }
  if (userCode !== undefined)
    await say.line(notice(say, `First copy your one-time code: ${say.styled('bold', userCode)}`));
  if (!screen.isInteractive || !openPage) {
    await say.line(
      `${say.styled('bold', 'Open this URL')} to continue in your web browser: ${verificationUri}`,
    );
    openPage?.(verificationUri);
    return;
  }
  await say.part(`${say.styled('bold', 'Press Enter')} to open ${verificationUri} in your browser... `);
  try {
    await screen.readLine(signal);
  } catch {
    // The login went through, or was given up, before anybody pressed Enter: the next words get a line of their own.
    await say.line('');
    return;
  }
  openPage(verificationUri);
}

/** `url` as a QR code; `undefined` where the terminal is too narrow for it, or shows letters only. */
async function qrCode(url: string, say: Output): Promise<string | undefined> {
  if (say.columns === undefined) return undefined;
  const { encodeQR } = await import('qr');
  const text = encodeQR(url, 'ascii', { border: QR_BORDER, ecc: 'low' });
  const lines = text.trimEnd().split('\n');
  const width = Math.max(...lines.map((line) => line.length));
  if (say.columns < width) return undefined;
  // Light is drawn and dark is left out: on a terminal with a light ground both have to be said.
  return lines.map((line) => say.styled('light', line)).join('\n');
}
