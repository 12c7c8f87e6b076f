/** The kinds of target there are. A new kind is one line here; the contract suite runs over this list, so a kind cannot go untested. */

import type { TargetPaths } from '../model/mapping.ts';
import { scim } from './scim/index.ts';
import { type ParseTarget, SettingsRefused, type TargetKind } from './target.ts';

export const targetKinds: readonly TargetKind[] = [scim];

export const parserOf =
  (kinds: readonly TargetKind[]): ParseTarget =>
  (kind, settings) => {
    const known = kinds.find((one) => one.kind === kind);
    if (known === undefined)
      throw new SettingsRefused([{ pointer: '/kind', message: `must be one of: ${namesOf(kinds)}` }]);
    try {
      return known.parse(settings);
    } catch (error) {
      if (!(error instanceof SettingsRefused)) throw error;
      throw new SettingsRefused(error.issues.map((one) => ({ ...one, pointer: `/settings${one.pointer}` })));
    }
  };

export const parseTarget = parserOf(targetKinds);

export const pathsOf =
  (kinds: readonly TargetKind[]): TargetPaths =>
  (kind) =>
    kinds.find((one) => one.kind === kind)?.path ?? (() => ({ refused: `is of a kind other than ${namesOf(kinds)}` }));

export const targetPaths = pathsOf(targetKinds);

const namesOf = (kinds: readonly TargetKind[]): string => kinds.map(({ kind }) => kind).join(', ');
