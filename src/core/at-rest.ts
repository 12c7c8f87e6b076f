/** Which runs wait while their connection is paused or held back. They stay where they are, and go on when it is active again. */

import type { ConnectionState } from '../model/connection.ts';
import type { Run } from '../model/run.ts';

/**
 * Whoever pauses a connection wants nothing more read of the tenant, and nothing more written on its word. What takes a run back, or looks what a target
 * holds, goes by no word of the tenant (an undo asks at most who is protected): it is what somebody does meanwhile. What was committed before a
 * quarantine still goes to the targets. A run that somebody asked to stop goes on to its end.
 */
export const isAtRest = (run: Run, state: ConnectionState): boolean => {
  if (run.cancelRequested) return false;
  switch (state) {
    case 'paused':
      return !needsNoTenant(run);
    case 'quarantined':
      return run.kind === 'sync' || run.kind === 'preview';
    case 'pending':
    case 'active':
    case 'deleting':
      return false;
  }
};

const needsNoTenant = (run: Run): boolean =>
  run.kind === 'reconcile' || (run.kind === 'provision' && run.amends?.kind === 'undo');
