// The options of `--auth exchange` by name, and what was given for each. Not for: what they mean (settings.ts).
import { UsageError } from '../../base/errors.ts';

/** The variable of each is `GH_MCP_PROXY_` and the same in capitals. */
export type ExchangeOption =
  | 'exchange-issuer'
  | 'exchange-token-endpoint'
  | 'exchange-client-id'
  | 'exchange-client-auth'
  | 'exchange-client-secret-file'
  | 'exchange-client-key-file'
  | 'exchange-resource'
  | 'exchange-audience'
  | 'exchange-scopes'
  | 'exchange-param'
  | 'exchange-preset'
  | 'exchange-consent-rule'
  | 'subject-token-file'
  | 'subject-token-env'
  | 'subject-token-command'
  | 'subject-token-type'
  | 'subject-scopes';

/** Every value that was given for an option, in order; the last counts where there is to be one. */
export type ExchangeTexts = Readonly<Partial<Record<ExchangeOption, readonly string[]>>>;

/** Flag and variable, as a person knows them. */
export function setting(option: ExchangeOption): string {
  return `--${option} (GH_MCP_PROXY_${option.toUpperCase().replaceAll('-', '_')})`;
}

export function listOf(texts: ExchangeTexts, option: ExchangeOption): readonly string[] {
  return (texts[option] ?? []).map((text) => text.trim()).filter((text) => text !== '');
}

/** The value of one that is given once; an empty one counts as none. */
export function textOf(texts: ExchangeTexts, option: ExchangeOption): string | undefined {
  return listOf(texts, option).at(-1);
}

/** @throws {UsageError} none of the choices */
export function oneOf<T extends string>(
  texts: ExchangeTexts,
  option: ExchangeOption,
  choices: readonly T[],
): T | undefined {
  const text = textOf(texts, option);
  if (text === undefined) return undefined;
  const choice = choices.find((one) => one === text);
  if (choice === undefined)
    throw new UsageError(`${setting(option)} is "${text}"`, { next: `It is one of: ${choices.join(', ')}.` });
  return choice;
}
