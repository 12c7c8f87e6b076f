/** What every snapshot store promises of the attributes that were read of everybody. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { AttributeNames } from '../../src/core/read-attributes.ts';
import type { ConnectionId } from '../../src/model/ids.ts';
import { end, newConnection, type OpenSnapshots, person, showing, snapshotWorld } from './snapshot-world.ts';

export const snapshotAttributesContract = (open: OpenSnapshots): void => {
  const world = snapshotWorld(open);
  let connection: ConnectionId;
  beforeEach(() => {
    connection = newConnection();
  });

  const asked = (...user: readonly string[]): AttributeNames => ({ user, group: ['displayName'] });
  const begin = async () => world.snapshots.begin(await world.take(connection), 'full');
  const committed = async (attributes: AttributeNames | undefined, full: boolean) => {
    const draft = await begin();
    await draft.put(showing([person('ann')]));
    return draft.commit({ ...end, full, ...(attributes === undefined ? {} : { attributes }) });
  };
  const known = async () => (await world.snapshots.head(connection)).attributes;

  describe('the attributes that were read of everybody', () => {
    it('are none before the first commit, and then those it was read with', async () => {
      expect(await known()).toEqual({ user: new Map(), group: new Map() });
      const head = await committed(asked('mail', 'onPremisesExtensionAttributes.extensionAttribute1'), true);
      expect(head.attributes).toEqual(await known());
      expect([...(await known()).user]).toEqual([
        ['mail', 0],
        ['onPremisesExtensionAttributes.extensionAttribute1', 0],
      ]);
      expect([...(await known()).group]).toEqual([['displayName', 0]]);
    });

    it('grow by a full read and not by another, and say since which version', async () => {
      await committed(asked('mail'), true);
      await committed(asked('mail', 'department'), false);
      expect([...(await known()).user.keys()]).toEqual(['mail']);
      const { version } = await committed(asked('mail', 'department'), true);
      expect((await known()).user.get('department')).toBe(version);
      await committed(asked('department'), false);
      expect([...(await known()).user]).toEqual([['department', version]]);
    });

    it('stay as they are where nobody was read', async () => {
      await committed(asked('mail'), true);
      await committed(undefined, false);
      expect([...(await known()).user.keys()]).toEqual(['mail']);
    });

    it('are, of a draft that is looked at as if it were committed, those it would have', async () => {
      await committed(asked('mail'), true);
      const draft = await begin();
      const reads = draft.asCommitted({ scope: 'all', counts: end.counts, attributes: asked('mail', 'city') });
      expect([...(await reads.head(connection)).attributes.user.keys()]).toEqual(['mail', 'city']);
      expect([...(await known()).user.keys()]).toEqual(['mail']);
    });

    it('are forgotten with everything else', async () => {
      await committed(asked('mail'), true);
      await world.snapshots.erase(connection);
      expect(await known()).toEqual({ user: new Map(), group: new Map() });
    });
  });
};
