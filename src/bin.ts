#!/usr/bin/env node
// Process entry: runs the command line and sets the exit code. Not for: anything else.
import { main } from './cli/main.ts';

const exitCode = await main(process.argv.slice(2));
process.exit(exitCode);
