// What a token command prints: a token alone, or JSON with its end. Checked by hand.
// Not for: running it (helper-command.ts), or what becomes of the token (command.ts).
import { RefusedError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { isText, parseObject } from '../vault/plain.ts';

/** Times are milliseconds since the epoch. */
export interface PrintedToken {
  readonly token: Secret;
  /** Absent: the command does not say. */
  readonly expiresAt?: number;
  /** The account's name, as the command says. */
  readonly login?: string;
}

/** Tokens end up in headers and in an environment (RFC 6749, appendix A.12). JWTs of some issuers exceed 4 KiB. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
const LOGIN = /^[^\p{Cc}]{1,100}$/u;
/** RFC 3339. Without its offset a time means another moment on each machine. */
const MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i;
/** Whoever writes more means milliseconds. In seconds: the year 5138. */
const LATEST = 100_000_000_000;

/**
 * One line that is the token; or a JSON object `{token, expires_at | expires_in, login}`, where `token` may be called
 * `access_token` and `expires_at` `expiration`: an RFC 3339 time, or seconds since the epoch. What is `null` is absent.
 * @param now when it was printed
 * @param who the subject of an error's sentence
 * @throws {RefusedError} `bad_output`: what is wrong with it, without a word of it
 */
export function parseTokenOutput(text: string, now: number, who: string): PrintedToken {
  const output = text.trim();
  if (output === '') throw badOutput(`${who} printed nothing`);
  return output.startsWith('{') ? fromObject(output, now, who) : { token: plainToken(output, who) };
}

/** @throws {RefusedError} `bad_output` */
export function plainToken(output: string, who: string): Secret {
  if (TOKEN.test(output) && !NO_TOKEN.test(output)) return new Secret(output);
  if (output.startsWith('<')) throw badOutput(`${who} printed what looks like a page (HTML)`);
  if (/[\r\n]/.test(output)) throw badOutput(`${who} printed several lines`);
  if (/^(?:null|undefined)$/.test(output)) throw badOutput(`${who} printed ${output}`);
  if (/^["']/.test(output))
    throw badOutput(`${who} printed quotation marks, as jq does without --raw-output`);
  throw badOutput(`${who} printed something that is no token: blanks or other characters, or far too many`);
}

/** What passes for one by its characters. */
const NO_TOKEN = /^(?:null$|undefined$|["'<])/;

function fromObject(output: string, now: number, who: string): PrintedToken {
  const fields = parseObject(output);
  if (!fields) throw badOutput(`${who} printed something that begins like JSON and is none`);
  const token = fields['token'] ?? fields['access_token'];
  if (!isText(token) || !TOKEN.test(token)) throw badOutput(`${who} printed JSON without a usable "token"`);
  const expiresAt = endOf(fields, now, who);
  const { login } = fields;
  return {
    token: new Secret(token),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(isText(login) && LOGIN.test(login) && { login }),
  };
}

function endOf(fields: Readonly<Record<string, unknown>>, now: number, who: string): number | undefined {
  const at = fields['expires_at'] ?? fields['expiration'];
  if (isGiven(at)) {
    const moment = typeof at === 'string' && MOMENT.test(at) ? Date.parse(at) : secondsOf(at) * 1000;
    if (Number.isFinite(moment)) return moment;
    throw badOutput(
      `${who} printed an "expires_at" that is neither a time such as 2030-01-31T12:00:00Z nor seconds since 1970`,
    );
  }
  const lasts = fields['expires_in'];
  if (!isGiven(lasts)) return undefined;
  const seconds = secondsOf(lasts);
  if (Number.isFinite(seconds)) return now + seconds * 1000;
  throw badOutput(`${who} printed an "expires_in" that is no number of seconds`);
}

/** As brokers are: 0 says that nobody knows. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== 0;
}

/** NaN where it is none. */
function secondsOf(value: unknown): number {
  const number = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number > 0 && number < LATEST ? number : Number.NaN;
}

function badOutput(message: string): RefusedError {
  return new RefusedError('bad_output', message, {
    next: 'It has to print the token and nothing else, or JSON such as {"token": "...", "expires_at": "2030-01-31T12:00:00Z"}.',
  });
}
