/** A target that fails in the middle of what it is asked. */

import type { Operation } from '../../src/model/operation.ts';
import type { Target } from '../../src/target/target.ts';

/** A target that does as `before` says for the operations it is asked; `after` runs once an operation was really applied. */
export const faulty =
  (fault: { before?: (operation: Operation) => Error | null; after?: (operation: Operation) => Error | null }) =>
  (made: Target): Target => ({
    ...made,
    apply: async (operation, signal) => {
      const refused = fault.before?.(operation) ?? null;
      if (refused !== null) throw refused;
      const applied = await made.apply(operation, signal);
      const lost = fault.after?.(operation) ?? null;
      if (lost !== null) throw lost;
      return applied;
    },
  });
