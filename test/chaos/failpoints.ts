/** The places in the code at which a worker can be told to die. They are named where they are passed: to `failpoint`, to a store's `probe`, or to `held`. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const naming = /(?:failpoint\(|probe\(|held\(lease, )(?<quote>['`])(?<name>[^'`]+)\k<quote>/g;

export const failpoints = async (): Promise<readonly string[]> => {
  const names = new Set<string>();
  for (const folder of ['src/engine', 'src/store/mongo'])
    for (const file of await readdir(join(root, folder)))
      for (const { groups } of (await readFile(join(root, folder, file), 'utf8')).matchAll(naming))
        for (const wave of ['objects', 'references']) names.add(String(groups?.['name']).replace(/\$\{wave\}/, wave));
  return [...names].sort();
};
