// Process entry of the refresher (auth/refresher-process.ts starts it). Not for: people; it takes no arguments.
import { runRefresher } from './auth/refresher-main.ts';
import { systemClock } from './base/clock.ts';

// Whoever ends the proxy, or the whole session, does not end a refresh half way: it is over soon by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

await runRefresher({
  input: process.stdin,
  output: process.stdout,
  clock: systemClock,
  giveUp: () => process.exit(1),
});
process.exit(0);
