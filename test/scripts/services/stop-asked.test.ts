import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const program = `
  import { stopAsked } from ${JSON.stringify(new URL('../../../scripts/services/stop-asked.ts', import.meta.url).href)};
  process.stdin.once('data', () => { console.log('cleaned up'); process.exit(0); });
  const stop = stopAsked();
  console.log('up');
  await stop;
  console.log('stopping');
`;

it('a second Ctrl-C, which npm passes on, does not end a program in the middle of cleaning up', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  child.stdout.setEncoding('utf8');
  let said = '';
  const says = async (word: string): Promise<void> => {
    while (!said.includes(word)) said += String((await once(child.stdout, 'data'))[0]);
  };
  const exited = once(child, 'exit');
  await says('up');
  child.kill('SIGINT');
  await says('stopping');
  child.kill('SIGINT');
  child.stdin.write('go on\n');
  expect(await exited).toEqual([0, null]);
});

it.each(['scripts/dev.ts', 'scripts/services.ts', 'scripts/services/mongo-engine.ts'])(
  '%s is such a program',
  async (path) => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
    expect(text).toContain('stopAsked()');
    expect(text).not.toContain('process.once(');
  },
);
