/** What every store of setup links promises. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type ConnectionId, connectionId } from '../../src/model/ids.ts';
import { newId } from '../../src/store/ids.ts';
import type { SetupLink, SetupLinkStore } from '../../src/store/setup-link-store.ts';
import { every } from '../support/every.ts';

const start = new Date('2026-03-01T08:00:00.000Z');
const minutes = (count: number): Date => new Date(start.getTime() + count * 60_000);

export const setupLinkStoreContract = (open: (now: () => Date) => Promise<SetupLinkStore>): void => {
  let links: SetupLinkStore;
  let now: Date;
  beforeEach(async () => {
    now = start;
    links = await open(() => now);
  });

  const aLink = (connection: ConnectionId = connectionId(newId('con')), other: Partial<SetupLink> = {}): SetupLink => ({
    id: newId('stp'),
    connection,
    givenTo: 'the IT of Acme',
    createdAt: start,
    createdBy: 'product',
    expiresAt: minutes(60),
    lastUsedAt: null,
    ...other,
  });
  const three = { most: 3, withinMs: 10 * 60_000 };

  describe('a setup link', () => {
    it('is found by its connection, whole and with its proof, also when it is over', async () => {
      const link = aLink();
      await links.open(link, 'proof');
      expect(await links.find(link.connection)).toEqual({ link, proof: 'proof' });
      now = minutes(61);
      expect(await links.find(link.connection)).toEqual({ link, proof: 'proof' });
      expect(await links.find(connectionId(newId('con')))).toBeNull();
    });

    it('takes the place of the one before, and of those that are over', async () => {
      const [first, other] = [aLink(), aLink()];
      await links.open(first, 'first');
      await links.open(other, 'other');
      const second = aLink(first.connection);
      await links.open(second, 'second');
      expect(await links.find(first.connection)).toEqual({ link: second, proof: 'second' });
      expect(await links.attempt(first, three)).toBe(false);
      now = minutes(61);
      await links.open(aLink(first.connection, { expiresAt: minutes(120) }), 'third');
      expect(await links.find(other.connection)).toBeNull();
    });

    it('tells what proves it as long as it is not over', async () => {
      const [short, long] = [aLink(), aLink(connectionId(newId('con')), { expiresAt: minutes(120) })];
      await links.open(short, 'short');
      await links.open(long, 'long');
      const told = async () => (await every(links.proofs())).filter((proof) => ['short', 'long'].includes(proof));
      expect((await told()).toSorted()).toEqual(['long', 'short']);
      now = minutes(61);
      expect(await told()).toEqual(['long']);
    });

    it('goes once it has been over for as long as is wanted', async () => {
      const [over, open] = [aLink(), aLink(undefined, { expiresAt: minutes(120) })];
      await links.open(over, 'over');
      await links.open(open, 'open');
      await links.prune(minutes(59));
      expect(await links.find(over.connection)).not.toBeNull();
      await links.prune(minutes(60));
      expect([await links.find(over.connection), (await links.find(open.connection))?.link]).toEqual([null, open]);
    });

    it('is ended at once, and once', async () => {
      const link = aLink();
      await links.open(link, 'proof');
      expect(await links.close(link.connection)).toEqual(link);
      expect(await links.close(link.connection)).toBeNull();
      expect(await links.find(link.connection)).toBeNull();
      expect(await links.attempt(link, three)).toBe(false);
    });

    it('is good for so many tries in a while, however many come at once, and for as many in the next', async () => {
      const link = aLink();
      await links.open(link, 'proof');
      now = minutes(1);
      const tries = await Promise.all(Array.from({ length: 8 }, () => links.attempt(link, three)));
      expect(tries.filter(Boolean)).toHaveLength(3);
      expect((await links.find(link.connection))?.link.lastUsedAt).toEqual(minutes(1));
      now = minutes(9);
      expect(await links.attempt(link, three)).toBe(false);
      now = minutes(20);
      const later = await Promise.all(Array.from({ length: 8 }, () => links.attempt(link, three)));
      expect(later.filter(Boolean)).toHaveLength(3);
    });
  });
};
