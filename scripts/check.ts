// `npm run check`: types and style, without a test.

import { askedBy, nothing } from '../src/command-line.ts';
import { checkSources } from './check-sources.ts';

askedBy({
  name: 'check',
  usage: `Usage: make check, or npm run check

Checks types (tsc) and style (biome) of everything, and runs no test. Each says what it found.
To have biome mend what it can: npx biome check --write .

Ends with
  0  nothing is wrong
  1  something is
  2  it was asked for something that makes no sense`,
  read: nothing,
});

process.exitCode = (await checkSources()) === 0 ? 0 : 1;
