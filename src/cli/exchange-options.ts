// The settings of `--auth exchange`, from what is given for them. Loaded when that mode is chosen.
// Not for: what they mean and which belong together (auth/exchange/settings.ts).
import { parseExchangeSettings } from '../auth/exchange/settings.ts';
import type { AuthInput, ExchangeAuth } from './auth.ts';
import { optionsOf } from './auth-options.ts';
import { callbackPort, commandTimeout } from './lookups.ts';

/** @throws {UsageError} naming the setting that is wrong or missing */
export function readExchange({ look, env, host }: AuthInput): ExchangeAuth {
  // Of settings that stand in for each other there the strongest alone is left; the rest would be said twice.
  const settings = parseExchangeSettings(optionsOf('exchange', look), env);
  return {
    mode: 'exchange',
    host,
    settings,
    timeoutMs: commandTimeout(look),
    callbackPort: callbackPort(look),
  };
}
