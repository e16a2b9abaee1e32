// The floor: what any proxy written in Node costs that starts a child and passes bytes on.
// Not for: use; it knows nothing of messages, tokens or ends.
import { spawn } from 'node:child_process';

const [command = '', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
process.stdin.pipe(child.stdin);
child.stdout.pipe(process.stdout);
child.on('close', (code) => process.exit(code ?? 1));
