import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nothing, someOf, understand, WrongOption, wholeNumber } from '../src/command-line.ts';

const root = join(import.meta.dirname, '..');
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** What is a tool of its own. */
const others = ['sbom', 'test:watch'];

/** The program of each script that is ours. */
const programs = Object.entries(scripts).flatMap(([name, command]) => {
  const program = /(?:^|\s)node .*?([\w./-]+\.ts)$/.exec(command)?.[1];
  return program === undefined || others.includes(name) ? [] : [[name, program] as const];
});

/** Two at a time: each takes a processor for itself. What Node compiled for one serves the others. */
const limit = pLimit(2);
const ask = (program: string, option: string) =>
  limit(async () => {
    const child = spawn(process.execPath, [program, option], { cwd: root });
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code, out, error };
  });

describe.concurrent('npm run', () => {
  it('has a program behind each of its scripts, or a tool', () => {
    expect([...programs.map(([name]) => name), ...others].toSorted()).toEqual(Object.keys(scripts).toSorted());
  });

  it.each(programs)('%s says in two lines what it cannot be asked', async (name, program) => {
    const wrong = await ask(program, '--nonsense');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.error.trimEnd().split('\n')).toEqual([
      `${name}: Unknown option '--nonsense'.`,
      `How it is used: npm run ${name} -- --help`,
    ]);
  });

  // Each goes by the same piece, but the simulator, which imports nothing from outside of its folder.
  it.each(programs.filter(([name]) => ['start', 'services', 'simulator'].includes(name)))(
    '%s says how it is used',
    async (name, program) => {
      const help = await ask(program, '--help');
      expect(help).toMatchObject({ code: 0, error: '' });
      expect(help.out).toMatch(new RegExp(`^Usage: .*npm run ${name}\\b`));
    },
  );
  it.each(programs.filter(([name]) => name !== 'simulator'))('%s goes by that piece', (name, program) => {
    const text = readFileSync(join(root, program), 'utf8');
    expect(text).toMatch(/\baskedBy(<\w+>)?\(/);
    expect(text).toContain(`name: '${name}'`);
  });
});

describe('what a script is asked', () => {
  const read = (args: readonly string[]) => {
    const options = { users: { type: 'string', default: '200' }, only: { type: 'string' } } as const;
    const { users, only } = parseArgs({ args: [...args], options }).values;
    return { users: wholeNumber('users', users, 10, 1_000), only: someOf('only', only ?? 'storm', ['storm', 'disk']) };
  };
  const said = (...args: readonly string[]) => {
    const understood = understand({ name: 'chaos', usage: '', read }, args);
    return understood.kind === 'wrong' ? understood.lines[0] : understood;
  };

  it('is what its options say', () => {
    expect(said('--users', '20', '--only', 'disk,storm')).toEqual({
      kind: 'asked',
      asked: { users: 20, only: ['disk', 'storm'] },
    });
  });

  it.each([
    [['--users', 'many'], '--users takes a whole number from 10 to 1000, not "many".'],
    [['--users', '5'], '--users takes a whole number from 10 to 1000, not "5".'],
    [['--users', '1e2'], '--users takes a whole number from 10 to 1000, not "1e2".'],
    [['--only', 'disk,flood'], '--only takes any of storm, disk, not "flood".'],
    [['--users'], "Option '--users <value>' argument missing."],
    [['storm'], "Unexpected argument 'storm'."],
  ])('%j is told in a sentence', (args, sentence) => {
    expect(said(...args)).toBe(`chaos: ${sentence}`);
  });

  it('is nothing where there are no options', () => {
    expect(understand({ name: 'demo', usage: '', read: nothing }, [])).toEqual({ kind: 'asked', asked: undefined });
    expect(understand({ name: 'demo', usage: '', read: nothing }, ['--users', '3']).kind).toBe('wrong');
    expect(understand({ name: 'demo', usage: '', read: nothing }, ['--help']).kind).toBe('help');
  });

  it('does not take a mistake of ours for one of whoever asks', () => {
    const broken = () => {
      throw new TypeError('x is not a function');
    };
    expect(() => understand({ name: 'demo', usage: '', read: broken }, [])).toThrow(TypeError);
    expect(() => wholeNumber('port', '', 1, 2)).toThrow(WrongOption);
  });
});
