import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { freePort, startChild } from '../../../scripts/services/child.ts';

const node = (script: string) => [process.execPath, '-e', script];
const staysUp = 'console.log("pid=" + process.pid); setInterval(() => {}, 1000);';
const pidIn = (output: string) => Number(/pid=(\d+)/.exec(output)?.[1]);
const saysPid = async (output: string) => output.includes('pid=');

describe('a server as a child process', () => {
  it('is waited for until it is ready, and gone once it is stopped', async () => {
    const child = await startChild({ command: node(staysUp), isReady: saysPid, readyWithinMs: 10_000 });
    const pid = pidIn(child.output());
    expect(lives(pid)).toBe(true);

    await child.stop();
    expect(lives(pid)).toBe(false);
    await child.stop(); // stopping twice is harmless
  });

  it('tells how it ended: by its own code, or by the signal that ended it', async () => {
    const command = node(
      'process.on("SIGTERM", () => process.exit(7)); console.log("pid=" + process.pid); setInterval(() => {}, 1000);',
    );
    const orderly = await startChild({ command, isReady: saysPid, readyWithinMs: 10_000 });
    await orderly.stop();
    expect(await orderly.ended).toEqual({ code: 7, signal: null });

    const killed = await startChild({ command: node(staysUp), isReady: saysPid, readyWithinMs: 10_000 });
    process.kill(pidIn(killed.output()), 'SIGKILL');
    expect(await killed.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('is ended for certain, even when it is stopped in mid-air', async () => {
    const child = await startChild({ command: node(staysUp), isReady: saysPid, readyWithinMs: 10_000 });
    child.signal('SIGSTOP');
    child.signal('SIGKILL');
    await child.ended;
    await vi.waitUntil(() => !lives(pidIn(child.output())), { timeout: 10_000 });
  });

  it('fails the start with its own last words when it ends before it is ready', async () => {
    const command = node('console.error("Address already in use"); process.exit(1);');
    const start = startChild({ command, isReady: async () => false, readyWithinMs: 10_000 });
    await expect(start).rejects.toThrow(/stopped before it was ready:\n.*Address already in use/s);
  });

  it('fails the start with a reason when the program is not there', async () => {
    const start = startChild({ command: ['/nowhere/mongod'], isReady: async () => false, readyWithinMs: 10_000 });
    await expect(start).rejects.toThrow('ENOENT');
  });

  it('is stopped when it does not get ready in time', async () => {
    let output = '';
    const isReady = async (said: string) => {
      output = said;
      return false;
    };
    await expect(startChild({ command: node(staysUp), isReady, readyWithinMs: 500 })).rejects.toThrow(
      'was not ready within 0.5 s',
    );
    expect(lives(pidIn(output))).toBe(false);
  });

  it('does not outlive the process that started it, even one that is killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', startsAChild], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(parent.stdout, 'data');
    const pid = pidIn(String(said));
    expect(lives(pid)).toBe(true);

    parent.kill('SIGKILL');
    await vi.waitUntil(() => !lives(pid), { timeout: 10_000 });
  });
});

describe('a free port', () => {
  it('is none that the system may give to whoever connects to anything in the meantime', async () => {
    const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
    expect(ports.filter((port) => port < 10_000 || port >= 30_000)).toEqual([]);
  });
});

const startsAChild = `
  import { freePort, startChild } from ${JSON.stringify(fileURLToPath(new URL('../../../scripts/services/child.ts', import.meta.url)))};
  const child = await startChild({
    command: ${JSON.stringify(node(staysUp))},
    isReady: async (output) => output.includes('pid='),
    readyWithinMs: 10_000,
  });
  console.log(child.output());
`;

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
