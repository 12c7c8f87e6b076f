// Runs one command for as long as the process that started it lives: `node leash.ts <command> [argument…]`.
//
// The other end of our standard input is held by that process. When it closes, because it asked us to or because it
// died in any way at all, the command is told to stop, and ended by force if it does not.

import { spawn } from 'node:child_process';

const stopWithinMs = 10_000;
const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error('leash: which command?');

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

const stop = () => {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), stopWithinMs).unref();
};

process.stdin.on('end', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

child.on('error', (error) => {
  console.error(error.message);
  process.exit(127);
});
// We end the way the command did, so that whoever started it can tell.
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
