/** All there is, from which the hall and the rooms are made. It alone holds the stores as they are, and shows them to no command. */

import { isFull, type Reach, reachOf } from '../core/access.ts';
import type { Stores } from '../store/stores.ts';
import { engineWithin } from './engine-within.ts';
import type { Around, Hall, Room } from './room.ts';
import { storesOfHall, storesOfOperator, storesWithin } from './stores-within.ts';

export type House = Around & { readonly stores: Stores };

export const roomWithin = (house: House, reach: Reach): Room => ({
  ...house,
  reach,
  stores: storesWithin(house.stores, reach),
  engine: engineWithin(house),
  operator: isFull(reach) ? storesOfOperator(house.stores, reach) : null,
});

export const hallOf = (house: House): Hall => ({
  ...house,
  stores: storesOfHall(house.stores),
  roomOf: async (id) => {
    const owner = (await house.stores.connections.get(id))?.organization;
    if (owner === undefined) return null;
    const room = roomWithin(house, reachOf({ organizations: [owner] }));
    const connection = await room.stores.connections.get(id);
    return connection && { room, connection };
  },
});
