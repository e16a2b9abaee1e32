// A person's own pattern for "your token was not accepted" (--auth-failure-pattern): checked at the start, bounded when
// it is matched. Not for: the patterns that come with a token source (github/auth-failure.ts).
import type { AuthFailureRule, TextPattern } from '../auth/token-source.ts';
import { messageOf, UsageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** Such failures are short: of a longer text the beginning is looked at. In characters. */
const LOOKED_AT = 4096;
/** Some patterns take exponential time over a text, and the text is the server's. In ms. */
const LONGEST_MATCH = 100;

/** As in a program, with slashes and flags: here they would be parts of the pattern, and it would never match. */
const LITERAL = /^\/.*\/[dgimsuvy]*$/s;

/**
 * @param text a JavaScript regular expression, without slashes or flags
 * @param from the flag or the variable that gave it, for the message
 * @throws {UsageError} it does not compile, is written with slashes, or would match every text
 */
export function parseFailurePattern(text: string, from: string): RegExp {
  if (LITERAL.test(text)) {
    throw new UsageError(
      `${from} "${text}" has slashes around it, which would be sought in the server's text as well`,
      { next: 'Leave them out, and flags with them: for letters of either case write [Uu]nauthorized.' },
    );
  }
  const pattern = compile(text, from);
  if (!pattern.test('')) return pattern;
  throw new UsageError(
    `${from} "${text}" matches the empty text, so that every failure would renew the token`,
    {
      next: 'Give words that only a refused token leads to, such as "401 Unauthorized".',
    },
  );
}

function compile(text: string, from: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    // V8's message: "Invalid regular expression: /(/: Unterminated group".
    const why = messageOf(error)
      .replace(`Invalid regular expression: /${text}/`, '')
      .replace(/^\w*: /, '');
    throw new UsageError(`${from} "${text}" is not a regular expression: ${why}`, {
      next: String.raw`Write it as in JavaScript, without slashes around it; a backslash before ( [ { + * ? . takes it literally.`,
    });
  }
}

/** The rule with a person's patterns added. What such a pattern matches is unknown: every failure is looked into. */
export function withPatterns(rule: AuthFailureRule, added: readonly RegExp[], log: Log): AuthFailureRule {
  if (added.length === 0) return rule;
  return { hints: [''], patterns: [...rule.patterns, ...added.map((pattern) => bounded(pattern, log))] };
}

/** The pattern within limits; a text for which it takes too long does not match. */
function bounded(pattern: RegExp, log: Log): TextPattern {
  // A script of its own is the only thing whose time V8 limits. Loaded here, since few starts need it.
  const { createContext, Script } = process.getBuiltinModule('node:vm');
  const script = new Script('pattern.test(text)');
  const context = createContext({ pattern, text: '' });
  let told = false;
  return {
    test(text) {
      context['text'] = text.slice(0, LOOKED_AT);
      try {
        return script.runInContext(context, { timeout: LONGEST_MATCH }) === true;
      } catch {
        // Nothing else can be thrown here; and what is belongs to the context, so that it is no Error of ours.
        if (!told)
          log.warn(
            `--auth-failure-pattern ${pattern.source} took over ${LONGEST_MATCH} ms for one failure of the server and was ` +
              'given up; repetitions within repetitions, such as (a+)+, do that',
          );
        told = true;
        return false;
      } finally {
        context['text'] = '';
      }
    },
  };
}
