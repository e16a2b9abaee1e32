// What names a broker. Not for: its endpoints (broker.ts). It is part of every start, and imports nothing.
import type { ExchangeSettings } from './settings.ts';

/** Its issuer, or its token endpoint where no issuer is known. */
export function brokerAddress({
  issuer,
  tokenEndpoint,
}: Pick<ExchangeSettings, 'issuer' | 'tokenEndpoint'>): string {
  return issuer ?? tokenEndpoint ?? '';
}
