/** All bugs, and all layers that can be taken away. */

import { deciding } from './deciding.ts';
import { keeping } from './keeping.ts';
import { layers } from './layers.ts';
import type { Mutant } from './mutant.ts';
import { reading } from './reading.ts';
import { snapshot } from './snapshot.ts';
import { telling } from './telling.ts';
import { writing } from './writing.ts';

export type { Edit, Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [...reading, ...snapshot, ...deciding, ...writing, ...keeping, ...telling];
export { layers };

/** Throws for a name that nothing has. */
export const plantable = (name: string): Mutant => {
  const found = [...mutants, ...layers].find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no mutant and no layer "${name}".`);
  return found;
};

/** Those that can be taken away while the bug is in, and say more than the bug alone: neither one that it takes away itself nor one that it is part of. */
export const layersBeside = ({ edits, within = [] }: Mutant): readonly Mutant[] => {
  const isTakenAway = (layer: Mutant): boolean =>
    layer.edits.some(({ file, from }) => edits.some((edit) => edit.file === file && edit.from === from));
  return layers.filter((layer) => !within.includes(layer.name) && !isTakenAway(layer));
};
