/** The commands that judge end as they find: whoever runs them in a pipeline reads nothing but their exit code. */

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const run = async (script: string, ...args: readonly string[]): Promise<{ code: number | null; said: string }> => {
  const child = spawn(process.execPath, [`scripts/${script}.ts`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, trouble] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, said: `${out}\n${trouble}` };
};

/** Whoever is left out of a page that is not the last one is seen to be missing within a few seeds. */
const bug = 'an empty page is the end';

describe('npm run simulate', { timeout: 120_000 }, () => {
  it('ends with 0 where every promise is kept', async () => {
    const { code, said } = await run('simulate', '--seeds', '23..24', '--swarm');
    expect(said).toContain('no promise was broken');
    expect(code).toBe(0);
  });

  it('ends with 1 where one was broken, in one seed or in one of several, and names it', async () => {
    const planted = ['--mutant', bug, '--no-shrink'];
    const [one, several] = await Promise.all([
      run('simulate', '--seed', '23', ...planted),
      run('simulate', '--seeds', '22..23', '--swarm', ...planted),
    ]);
    expect(one.said).toContain('I1');
    expect(one.code).toBe(1);
    expect(several.said).toContain('seed 23 broke');
    expect(several.code).toBe(1);
  });

  it('ends with 2 where it was asked for something that is not there', async () => {
    expect(await run('simulate', '--seeds', '3..2')).toMatchObject({ code: 2 });
  });
});

describe('npm run simulate:mutants', { timeout: 120_000 }, () => {
  it('ends with 0 where the bug is seen', async () => {
    const { code, said } = await run('simulate-mutants', '--only', 'pages in a circle are followed', '--seeds', '14');
    expect(said).toContain('I9 in seed 14');
    expect(code).toBe(0);
  });

  it('ends with 1 where it is not, and says which', async () => {
    const { code, said } = await run('simulate-mutants', '--only', bug, '--afresh', '--seeds', '1', '--crossed', '1');
    expect(said).toContain(`${bug}: not seen`);
    expect(code).toBe(1);
  });
});

describe('npm run chaos', { timeout: 120_000 }, () => {
  it('ends with 2 where it was asked for something that is not there', async () => {
    expect(await run('chaos', '--only', 'rain')).toMatchObject({ code: 2 });
  });

  it('keeps no storm in which fewer than 100 workers are killed', async () => {
    const { code, said } = await run('chaos', '--minutes', '9', '--write');
    expect(said).toContain('--write keeps a storm of 10 minutes or more');
    expect(code).toBe(2);
  });

  it('says before it begins what a short storm is no proof of', async () => {
    const { said } = await run('chaos', '--help');
    expect(said).toContain('A storm of less than 5 minutes has no time for all of it');
  });
});
