// Times as a person reads and writes them. Not for: time itself (base/clock.ts).
import { UsageError } from '../base/errors.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in its two largest units: `7 h 59 min`, `3 d`, `45 s`. @param ms milliseconds, not negative */
export function spanText(ms: number): string {
  const units = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
  ] as const;
  const first = units.findIndex(([unit]) => ms >= unit);
  if (first === -1) return 'less than a second';
  // Nobody plans by the seconds of an hour, or by the minutes of a year.
  const shown = ms >= 10 * DAY || (ms >= MINUTE && ms < HOUR) ? 1 : 2;
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, name] of units.slice(first, first + shown)) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}

/** `2030-01-31 14:05`, with `:09` where seconds are wanted, in the person's own time zone. */
export function dateText(ms: number, precision: 'minutes' | 'seconds' = 'minutes'): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const seconds = precision === 'seconds' ? `:${two(date.getSeconds())}` : '';
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const SPAN_UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
};

/**
 * The moment that --since names, in ms since the epoch: a span before now (`90s`, `30m`, `24h`, `7d`, `2w`) or a date
 * (`2030-01-31`, `2030-01-31T14:05Z`).
 * @throws {UsageError} it is neither
 */
export function parseSince(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim()) ?? [];
  if (count !== undefined) return now - Number(count) * (SPAN_UNITS[unit] ?? 0);
  const date = /^\d{4}-\d{2}-\d{2}/.test(text.trim()) ? Date.parse(text.trim()) : NaN;
  if (!Number.isNaN(date)) return date;
  throw new UsageError(`--since is "${text}"`, {
    next: 'It takes a span such as 30m, 24h or 7d, or a date such as 2030-01-31.',
  });
}
