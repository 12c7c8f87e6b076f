/**
 * Other targets of the organization at the address of one. Where a token says which system an address leads to, they may be several; where it does not, each
 * takes over, and overwrites, what the other made. Of other organizations nothing is said: whose systems are at an address is nobody else's business.
 */

import type { Check } from '../model/check.ts';
import type { JsonObject, TargetRecord } from '../model/target-record.ts';
import type { Address } from '../target/target.ts';
import type { Within } from './reached.ts';
import type { Room } from './room.ts';
import { placeOf } from './target-settings.ts';

type Asked = Pick<Within<TargetRecord>, 'id' | 'organization' | 'kind'>;

export const atSameAddress = async (
  { stores: { connections, targets } }: Pick<Room, 'stores'>,
  { id, organization, kind }: Asked,
  address: Address,
): Promise<readonly Within<TargetRecord>[]> => {
  const place = placeOf(address);
  const found: Within<TargetRecord>[] = [];
  let after: string | null = null;
  do {
    const { items, next } = await connections.list({ organization }, after, pageSize);
    for (const connection of items)
      for (const other of await targets.of(connection.id))
        if (other.id !== id && other.kind === kind && other.state !== 'deleting')
          if (placeIn(other.settings, address) === place) found.push(other);
    after = next;
  } while (after !== null);
  return found;
};

const pageSize = 100;

/** By the setting that has the address. Null: it has none. */
const placeIn = (settings: JsonObject, { setting }: Address): string | null => {
  const url = URL.parse(String(settings[setting] ?? ''));
  return url === null ? null : placeOf({ setting, url });
};

/** The same as lines of a check. It works, and somebody should see whether it is meant. */
export const addressChecks = (others: readonly Pick<TargetRecord, 'id' | 'name'>[]): readonly Check[] =>
  others.map(({ id, name }) => ({
    name: 'same address',
    ok: true,
    detail: `The target ${name} (${id}) has the same address.`,
    remedy: {
      code: 'same_address',
      owner: 'your_team',
      todo: 'See whether the credentials of the two lead to different systems. If they lead to the same one, remove one of the targets: each takes over, and overwrites, what the other made.',
      link: null,
    },
  }));
