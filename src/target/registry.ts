/** The kinds of target there are. A new kind is one line here; the contract suite runs over this list, so a kind cannot go untested. */

import { scim } from './scim/index.ts';
import { type ParseTarget, SettingsRefused, type TargetKind } from './target.ts';

export const targetKinds: readonly TargetKind[] = [scim];

export const parserOf =
  (kinds: readonly TargetKind[]): ParseTarget =>
  (kind, settings) => {
    const known = kinds.find((one) => one.kind === kind);
    if (known === undefined) {
      const names = kinds.map((one) => one.kind).join(', ');
      throw new SettingsRefused([{ pointer: '/kind', message: `must be one of: ${names}` }]);
    }
    try {
      return known.parse(settings);
    } catch (error) {
      if (!(error instanceof SettingsRefused)) throw error;
      throw new SettingsRefused(error.issues.map((one) => ({ ...one, pointer: `/settings${one.pointer}` })));
    }
  };

export const parseTarget = parserOf(targetKinds);
