/** Some who are linked at a target, so that it can show that it is there. Read only where it shows itself by no other way. */

import type { TargetId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Witnesses } from '../target/target.ts';

const most = 10;

/** Active ones first: some targets do not show who is switched off. */
export const witnessesAt =
  (ledger: Pick<Ledger, 'scanLinks'>, target: TargetId): Witnesses =>
  async (type) => {
    const others: Link[] = [];
    for await (const links of ledger.scanLinks(target, type)) {
      const active = links.filter(({ state }) => state === 'active');
      others.push(...links.filter(({ state }) => state !== 'active').slice(0, most));
      if (active.length > 0) return ids([...active.slice(0, most), ...others]);
      if (others.length >= most) break;
    }
    return ids(others);
  };

const ids = (links: readonly Link[]) => links.slice(0, most).map(({ remoteId }) => remoteId);
