/** Decides when nothing is to be done any more about the account of somebody who left, so that nobody need know whose it was. */

import type { Escrow, Link } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';

/** What is on record of them at a target. */
type AtTarget = {
  readonly link: Link | null;
  readonly former: { readonly until: Date } | null;
  readonly escrow: Escrow | null;
};

/**
 * An account that is on is somebody's to switch off, whatever the policy: it may be another one tomorrow. One that is to be deleted is known until it is.
 * `before`: nothing was done since.
 */
export const isOver = (
  { link, former, escrow }: AtTarget,
  { deprovision }: Pick<TargetRecord, 'deprovision'>,
  before: Date,
): boolean => {
  if (escrow !== null) return false;
  if (former !== null && former.until >= before) return false;
  if (link === null) return true;
  if (link.state !== 'disabled' || link.since >= before) return false;
  return deprovision.kind === 'disable' || deprovision.kind === 'none';
};
