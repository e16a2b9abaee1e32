// A process that notes entries in the audit trail as fast as it can, in small heaps. Not for: the command itself.
// Arguments: the state directory, its name, how many entries, the size at which a file is kept aside.
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { createAuditFile } from '../../src/vault/audit-file.ts';

const [stateDir = '', profile = '', entries = '', maxBytes = ''] = process.argv.slice(2);
const log = createLog(
  'warn',
  (line) => writeSync(2, line),
  (text) => text,
);
const audit = createAuditFile({
  stateDir,
  profile,
  host: 'github.com',
  clock: systemClock,
  log,
  maxBytes: Number(maxBytes),
});
const token = new Secret('gho_this_is_not_written_anywhere');

for (let entry = 0; entry < Number(entries); entry += 1) {
  audit.note({ event: 'refresh', token, detail: `${entry} ${'x'.repeat(entry % 97)}` });
  if (entry % 3 === 0) await audit.flush();
}
await audit.flush();
