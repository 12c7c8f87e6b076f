/** What every store of connections and targets promises, whatever they are kept in. */

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localKeyName } from '../../src/keys/local.ts';
import {
  type Connection,
  defaultAttributes,
  defaultIntervals,
  defaultShrinkLimit,
  type Problem,
  unusedCredentials,
} from '../../src/model/connection.ts';
import { SecretUnreadable, StaleRevision } from '../../src/model/errors.ts';
import { connectionId, organizationId, sourceId, targetId } from '../../src/model/ids.ts';
import { everyone } from '../../src/model/scope.ts';
import { secret } from '../../src/model/secret.ts';
import { defaultEscrow, defaultLimits, nobodyProtected, type TargetRecord } from '../../src/model/target-record.ts';
import type { ConnectionStore, SecretOf, TargetStore, Vault } from '../../src/store/connection-store.ts';
import { newId } from '../../src/store/ids.ts';
import type { SealedSecrets } from '../../src/store/sealed-secrets.ts';
import { createVault } from '../../src/store/vault.ts';
import { all } from '../support/ledger-world.ts';
import { hidden, revealed } from '../support/secrets.ts';

export type OpenConfiguration = (
  vault: Vault,
  now: () => Date,
) => Promise<{
  readonly connections: ConnectionStore;
  readonly targets: TargetStore;
  readonly sealed: SealedSecrets;
}>;

const start = new Date('2026-03-01T08:00:00.000Z');
const edited = new Date('2026-03-02T09:00:00.000Z');
const expired: Problem = { code: 'unauthorized', message: 'The client secret expired.', owner: 'customer_it' };

export const connectionStoreContract = async (open: OpenConfiguration): Promise<void> => {
  const keys = { first: randomBytes(32), next: randomBytes(32) };
  /** The vault of now: a test may change it. */
  let vault = createVault(keys.first);
  const throughVault: Vault = {
    seal: (...given) => vault.seal(...given),
    open: (...given) => vault.open(...given),
    renew: (...given) => vault.renew(...given),
    keyOf: (sealed) => vault.keyOf(sealed),
    keys: () => vault.keys(),
  };
  let now = edited;
  const { connections, targets, sealed } = await open(throughVault, () => now);

  describe('a connection', () => {
    it('is kept as it was added, and removed', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      expect(await connections.get(connection.id)).toEqual(connection);
      await connections.remove(connection.id);
      expect(await connections.get(connection.id)).toBeNull();
    });

    it('is added once', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      await expect(connections.add({ ...connection, name: 'Other' }, {})).rejects.toThrow();
      expect(await connections.get(connection.id)).toEqual(connection);
    });

    it('is edited by whoever read it last', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const scope = { kind: 'groups', groups: [sourceId('g-1')], nested: true } as const;
      const after = await connections.edit(connection.id, 1, { description: 'Renamed', scope, tenantId: null });
      expect(after).toEqual({
        ...connection,
        description: 'Renamed',
        scope,
        tenantId: null,
        updatedAt: edited,
        revision: 2,
      });
      expect(await connections.get(connection.id)).toEqual(after);
      await expect(connections.edit(connection.id, 1, { description: 'Late' })).rejects.toThrow(StaleRevision);
      expect(await connections.get(connection.id)).toEqual(after);
    });

    it('edited by twenty people at once takes one edit', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const edits = Array.from({ length: 20 }, (_, each) =>
        connections.edit(connection.id, 1, { description: `Name ${each}` }, hidden({ clientSecret: `secret ${each}` })),
      );
      const answers = await Promise.allSettled(edits);
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = await connections.get(connection.id);
      expect(winner?.revision).toBe(2);
      const { clientSecret } = revealed(await connections.secrets(connection.id));
      expect(clientSecret?.split(' ')[1]).toBe(winner?.description?.split(' ')[1]);
    });

    it('that was removed cannot be edited', async () => {
      await expect(connections.edit(connectionId(newId('con')), 1, { description: 'x' })).rejects.toThrow(
        StaleRevision,
      );
    });

    it('is held back and let go without disturbing whoever edits it', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      await connections.hold(connection.id, expired);
      expect(await connections.get(connection.id)).toEqual({ ...connection, state: 'quarantined', problem: expired });
      const other = { ...expired, message: 'Still expired.' };
      await connections.hold(connection.id, other);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'quarantined', problem: other });
      await connections.edit(connection.id, 1, { description: 'Renamed' });
      await connections.hold(connection.id, null);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'active', problem: null, revision: 2 });
    });

    it('is held back for what was found of the revision that it is at, and of no earlier one', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      await connections.edit(connection.id, 1, { description: 'Given another secret' });
      const quarantine = { since: start, probes: 0, nextProbeAt: edited };
      expect(await connections.holdAt(connection.id, 1, expired, quarantine)).toBe(false);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'active', problem: null, quarantine: null });
      expect(await connections.holdAt(connection.id, 2, expired, quarantine)).toBe(true);
      const heldBack = { state: 'quarantined', problem: expired, quarantine, revision: 2 };
      expect(await connections.get(connection.id)).toMatchObject(heldBack);
      const other = { ...expired, message: 'Still expired.' };
      expect(await connections.holdAt(connection.id, 2, other, { ...quarantine, probes: 1 })).toBe(true);
      expect(await connections.get(connection.id)).toMatchObject({ ...heldBack, problem: other });
      await connections.edit(connection.id, 2, { state: 'paused' });
      expect(await connections.holdAt(connection.id, 3, expired, quarantine)).toBe(true);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'paused', problem: expired });
      expect(await connections.holdAt(connectionId(newId('con')), 1, expired, quarantine)).toBe(false);
    });

    it('remembers when it is probed, and forgets it once it has proved well', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const first = { since: start, probes: 0, nextProbeAt: edited };
      await connections.hold(connection.id, expired, first);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'quarantined', quarantine: first });
      const second = { ...first, probes: 1, nextProbeAt: start };
      await connections.probed(connection.id, second);
      const otherwise = { code: 'permission_missing', message: 'It is missing.', owner: 'customer_it' } as const;
      await connections.probed(connection.id, second, otherwise);
      expect(await connections.get(connection.id)).toMatchObject({ problem: otherwise, quarantine: second });
      await connections.proved(connection.id);
      expect(await connections.get(connection.id)).toMatchObject({ quarantine: second });
      const letGo = { ...second, nextProbeAt: null };
      await connections.hold(connection.id, null, letGo);
      await connections.probed(connection.id, first);
      expect(await connections.get(connection.id)).toMatchObject({ state: 'active', quarantine: letGo });
      await connections.proved(connection.id);
      expect(await connections.get(connection.id)).toEqual(connection);
    });

    it('keeps how reading goes, and who edits it is not disturbed', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const trouble = { problem: expired, found: 'run', since: edited } as const;
      await connections.noteReading(connection.id, 1, { firstReadAt: start });
      await connections.noteReading(connection.id, 1, { trouble });
      await connections.noteReading(connection.id, 1, { toldUnwell: 'x' });
      expect(await connections.get(connection.id)).toEqual({
        ...connection,
        firstReadAt: start,
        trouble,
        toldUnwell: 'x',
      });
      await connections.edit(connection.id, 1, { description: 'Renamed' });
      expect(await connections.get(connection.id)).toMatchObject({ firstReadAt: start, trouble, revision: 2 });
      await connections.edit(connection.id, 2, { trouble: null });
      expect(await connections.get(connection.id)).toMatchObject({
        firstReadAt: start,
        trouble: null,
        toldUnwell: 'x',
      });
      // What was found by what it was before says nothing of what it is now.
      await connections.noteReading(connection.id, 2, { trouble });
      expect(await connections.get(connection.id)).toMatchObject({ trouble: null, revision: 3 });
      await connections.noteReading(connectionId(newId('con')), 1, { trouble });
    });

    it('keeps what became known of its credentials, as long as it has them', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const read = { at: edited, ends: { first: start } };
      await connections.noteUse(connection.id, 1, { inUse: 'second' });
      await connections.noteUse(connection.id, 1, { read });
      const known = { inUse: 'second', read, told: {} };
      expect(await connections.get(connection.id)).toEqual({ ...connection, credentialUse: known });
      await connections.edit(connection.id, 1, { credentialUse: unusedCredentials });
      await connections.noteUse(connection.id, 1, { inUse: 'second' });
      expect(await connections.get(connection.id)).toMatchObject({ credentialUse: unusedCredentials, revision: 2 });
    });

    it('has each stage of its end told by one worker of many, and by none of an earlier revision', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      const told = { endsAt: start, stage: '30_days' } as const;
      const tell = () => connections.noteTold(connection.id, 1, 'first', told);
      expect((await Promise.all(Array.from({ length: 10 }, tell))).filter(Boolean)).toHaveLength(1);
      const later = { ...told, stage: '14_days' } as const;
      expect(await connections.noteTold(connection.id, 1, 'first', later)).toBe(true);
      expect(await connections.noteTold(connection.id, 1, 'second', later)).toBe(true);
      expect(await connections.noteTold(connection.id, 1, 'second', { ...later, endsAt: edited })).toBe(true);
      expect(await connections.noteTold(connection.id, 2, 'first', told)).toBe(false);
      expect(await connections.get(connection.id)).toMatchObject({
        credentialUse: { told: { first: later, second: { ...later, endsAt: edited } } },
      });
    });

    it.each(['paused', 'pending', 'deleting'] as const)(
      'that is %s stays so, whatever a run reports',
      async (state) => {
        const connection = aConnection({ state });
        await connections.add(connection, {});
        await connections.hold(connection.id, expired);
        expect(await connections.get(connection.id)).toMatchObject({ state, problem: expired });
        await connections.hold(connection.id, null);
        expect(await connections.get(connection.id)).toMatchObject({ state, problem: null });
      },
    );

    it('is listed by organization, page by page', async () => {
      const organization = organizationId(newId('org'));
      const made = Array.from({ length: 5 }, () => aConnection({ organization }));
      for (const connection of [...made, aConnection()])
        await connections.add(connection, hidden({ clientSecret: 'x' }));
      const first = await connections.list({ organizations: [organization] }, null, 3);
      const rest = await connections.list({ organizations: [organization] }, first.next, 3);
      expect([first.items, rest.items].map((items) => items.map(({ id }) => id))).toEqual([
        made.slice(0, 3).map(({ id }) => id),
        made.slice(3).map(({ id }) => id),
      ]);
      expect([first.next === null, rest.next]).toEqual([false, null]);
    });

    it('is listed with those of several organizations, and of none', async () => {
      const organizations = [organizationId(newId('org')), organizationId(newId('org'))];
      const made = [0, 1, 0].map((nth) => aConnection({ organization: organizations[nth] ?? organizationId('none') }));
      for (const connection of [...made, aConnection()]) await connections.add(connection, {});
      const first = await connections.list({ organizations }, null, 2);
      const rest = await connections.list({ organizations }, first.next, 2);
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made.map(({ id }) => id));
      expect(rest.next).toBeNull();
      expect(await connections.list({ organizations: [] }, null, 2)).toEqual({ items: [], next: null });
    });

    it('is among all of them', async () => {
      const connection = aConnection();
      await connections.add(connection, {});
      expect(await all(connections.all())).toContainEqual(connection);
    });
  });

  describe('a secret', () => {
    it('comes out only where it is asked for', async () => {
      const connection = aConnection();
      const text = 'Tr0ub4dor&3 ümlaut';
      await connections.add(connection, hidden({ clientSecret: text }));
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: text });
      const seen = [
        await connections.get(connection.id),
        await connections.list({}, null, 1_000),
        await all(connections.all()),
        await connections.edit(connection.id, 1, { description: 'Renamed' }),
      ];
      const opened = await connections.secrets(connection.id);
      expect(`${inspect({ opened }, { depth: 5 })} ${JSON.stringify({ opened })}`).not.toContain('Tr0ub4dor');
      expect(JSON.stringify(seen)).not.toMatch(/Tr0ub4dor|clientSecret|v[12]\./);
    });

    it('that is given replaces the stored one, the others stay', async () => {
      const connection = aConnection();
      await connections.add(connection, hidden({ clientSecret: 'old', 'header.X-$ecret': 'kept' }));
      await connections.edit(connection.id, 1, {}, hidden({ clientSecret: 'new' }));
      expect(revealed(await connections.secrets(connection.id))).toEqual({
        clientSecret: 'new',
        'header.X-$ecret': 'kept',
      });
      await connections.edit(connection.id, 2, { description: 'Renamed' });
      expect(revealed(await connections.secrets(connection.id))).toEqual({
        clientSecret: 'new',
        'header.X-$ecret': 'kept',
      });
    });

    it('is taken away where null is given', async () => {
      const connection = aConnection();
      await connections.add(connection, hidden({ clientSecret: 'old', certificate: 'pem' }));
      await connections.edit(connection.id, 1, {}, { clientSecret: null, token: null });
      expect(revealed(await connections.secrets(connection.id))).toEqual({ certificate: 'pem' });
    });

    it('of an edit that came too late is not stored', async () => {
      const connection = aConnection();
      await connections.add(connection, hidden({ clientSecret: 'old' }));
      await expect(connections.edit(connection.id, 7, {}, hidden({ clientSecret: 'new' }))).rejects.toThrow(
        StaleRevision,
      );
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'old' });
    });

    it('of a record nobody knows is none', async () => {
      expect(revealed(await connections.secrets(connectionId(newId('con'))))).toEqual({});
    });
  });

  describe('secrets whose key is changed', () => {
    const names = { first: localKeyName(keys.first), next: localKeyName(keys.next) };
    const counted = async (name: string): Promise<number> => (await sealed.count()).get(name) ?? 0;
    const renewAll = async (): Promise<number> => {
      let all = 0;
      for (let renewed = 7; renewed === 7; all += renewed) renewed = await sealed.renew(7);
      return all;
    };

    it('open all the while, and come under the new one a few at a time', async () => {
      const connection = aConnection();
      const target = aTarget();
      await connections.add(connection, hidden({ clientSecret: 'one', certificate: 'two' }));
      await targets.add(target, hidden({ token: 'three' }));
      const many = Array.from({ length: 10 }, () => aConnection());
      for (const one of many) await connections.add(one, hidden({ clientSecret: 'many' }));
      const before = await counted(names.first);
      expect(before).toBeGreaterThanOrEqual(13);

      vault = createVault(keys.next, [keys.first]);
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'one', certificate: 'two' });
      expect(await sealed.renew(7)).toBe(7);
      expect([await counted(names.first), await counted(names.next)]).toEqual([before - 7, 7]);
      expect(await renewAll()).toBe(before - 7);
      expect([await counted(names.first), await counted(names.next)]).toEqual([0, before]);
      expect(await sealed.renew(7)).toBe(0);

      // The earlier key may go.
      vault = createVault(keys.next);
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'one', certificate: 'two' });
      expect(revealed(await targets.secrets(target))).toEqual({ token: 'three' });
      expect(await connections.get(connection.id)).toEqual(connection);
    });

    it('brought over while one is given anew keep the one that was given', async () => {
      const connection = aConnection();
      await connections.add(connection, hidden({ clientSecret: 'old' }));
      const third = randomBytes(32);
      vault = createVault(third, [keys.next]);
      await Promise.all([connections.edit(connection.id, 1, {}, hidden({ clientSecret: 'new' })), renewAll()]);
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'new' });
      await renewAll();
      vault = createVault(third);
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'new' });
    });

    it('open for nobody else’s record, whoever moves them in the database', async () => {
      const [mine, theirs] = [aConnection(), aConnection({ organization: organizationId('globex') })];
      await connections.add(mine, hidden({ clientSecret: 'mine' }));
      await connections.add(theirs, hidden({ clientSecret: 'theirs' }));
      expect(revealed(await connections.secrets(mine.id))).toEqual({ clientSecret: 'mine' });
      const of = { organization: mine.organization, record: mine.id, field: 'clientSecret' };
      const stolen = await vault.seal(secret('mine'), of);
      await expect(
        vault.open(stolen, { ...of, organization: theirs.organization, record: theirs.id }),
      ).rejects.toThrow();
    });
  });

  describe('data keys', () => {
    const later = (ms: number): Date => new Date(edited.getTime() + ms);
    /** How a stored secret reads, to whoever looks into the database. */
    const cipherOf = (texts: readonly string[]) => texts.map((text) => text.split('.').slice(3).join('.'));
    let sealedTexts: string[] = [];
    const withWitness = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      const kept = vault;
      sealedTexts = [];
      vault = {
        ...kept,
        seal: async (clear, of) => {
          const text = await kept.seal(clear, of);
          sealedTexts.push(text);
          return text;
        },
      };
      await work();
      vault = kept;
      return sealedTexts;
    };
    beforeAll(async () => {
      now = edited;
    });
    afterAll(() => {
      now = edited;
    });

    it('are made anew for what is older than they may be, a few at a time; the secrets stay the same', async () => {
      // Whatever other tests left, by keys that are gone, stays out of it.
      await sealed.renew(1_000, later(3));
      const lost = await sealed.countOlder(later(1));
      const connection = aConnection();
      const [before = ''] = await withWitness(() => connections.add(connection, hidden({ clientSecret: 'one' })));
      const target = aTarget();
      await targets.add(target, hidden({ token: 'two' }));
      expect(await sealed.countOlder(later(1))).toBe(lost + 2);

      now = later(5);
      const renewed = await withWitness(async () => expect(await sealed.renew(1, later(2))).toBe(1));
      expect(renewed).toHaveLength(1);
      expect(cipherOf(renewed)).not.toEqual(cipherOf([before]));
      expect(await sealed.countOlder(later(1))).toBe(lost + 1);
      await sealed.renew(1_000, later(2));
      expect(await sealed.countOlder(later(1))).toBe(lost);
      expect(await sealed.renew(1_000, later(2))).toBe(0);
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'one' });
      expect(revealed(await targets.secrets(target))).toEqual({ token: 'two' });
      expect(await connections.get(connection.id)).toEqual(connection);
    });

    it('made anew while a secret is given, at any moment of it, never bring the old one back', async () => {
      for (const moment of ['open', 'seal'] as const) {
        const connection = aConnection();
        await connections.add(connection, hidden({ clientSecret: 'old', certificate: 'stays' }));
        const kept = vault;
        let met = false;
        const giving = async (field: string): Promise<void> => {
          if (field !== 'clientSecret' || met) return;
          met = true;
          await connections.edit(connection.id, 1, {}, hidden({ clientSecret: 'new' }));
        };
        vault = {
          ...kept,
          [moment]: async (given: never, of: SecretOf) => {
            if (of.record === connection.id) await giving(of.field);
            return await kept[moment](given, of);
          },
        };
        now = later(now.getTime() - edited.getTime() + 10);
        await sealed.renew(1_000, now);
        vault = kept;
        expect(met).toBe(true);
        await sealed.renew(1_000, now);
        expect(revealed(await connections.secrets(connection.id))).toEqual({
          clientSecret: 'new',
          certificate: 'stays',
        });
      }
    });

    it('made anew while another secret of the record is given stay the new ones', async () => {
      const connection = aConnection();
      await connections.add(connection, hidden({ clientSecret: 'old', certificate: 'stays' }));
      const kept = vault;
      let met = false;
      vault = {
        ...kept,
        seal: async (clear, of) => {
          if (!met) {
            met = true;
            now = later(now.getTime() - edited.getTime() + 10);
            await sealed.renew(1_000, now);
          }
          return await kept.seal(clear, of);
        },
      };
      await connections.edit(connection.id, 1, { description: 'Renamed' }, hidden({ clientSecret: 'new' }));
      vault = kept;
      const since = new Date(now);
      now = later(now.getTime() - edited.getTime() + 10);
      const anew: string[] = [];
      vault = {
        ...kept,
        seal: async (clear, of) => {
          anew.push(of.field);
          return await kept.seal(clear, of);
        },
      };
      await sealed.renew(1_000, since);
      vault = kept;
      // What was kept of the record is what had been made anew meanwhile.
      expect(anew).not.toContain('certificate');
      expect(revealed(await connections.secrets(connection.id))).toEqual({ clientSecret: 'new', certificate: 'stays' });
    });
  });

  describe('a target', () => {
    it('is kept as it was added, with settings of any name', async () => {
      const target = aTarget({
        settings: JSON.parse('{"url":"https://x","headers":{"a.b":"c","$d":null},"__proto__":{"e":[1,true]}}'),
      });
      await targets.add(target, hidden({ token: 'x' }));
      expect(await targets.get(target.id)).toEqual(target);
      expect(Object.hasOwn((await targets.get(target.id))?.settings ?? {}, '__proto__')).toBe(true);
    });

    it('has secrets for its settings alone: whoever writes others into the database does not have them sent there', async () => {
      const target = aTarget();
      await targets.add(target, hidden({ token: 'x', key: 'k' }));
      for (const settings of [{ url: 'https://elsewhere' }, { ...target.settings, more: 1 }, {}])
        await expect(targets.secrets({ ...target, settings })).rejects.toThrow(SecretUnreadable);
      const renamed = await targets.edit(target.id, 1, { name: 'Other', settings: target.settings });
      expect(revealed(await targets.secrets(renamed))).toEqual({ token: 'x', key: 'k' });
      const settings = { url: 'https://y' };
      const moved = await targets.edit(target.id, 2, { settings }, hidden({ token: 'z' }));
      expect(revealed(await targets.secrets(moved))).toEqual({ token: 'z' });
      const without = await targets.edit(target.id, 3, { settings: { url: 'https://z' } });
      expect(await targets.secrets(without)).toEqual({});
    });

    it('is edited by revision, held back and let go', async () => {
      const target = aTarget();
      await targets.add(target, hidden({ token: 'x' }));
      const deprovision = { kind: 'delete_after_days', days: 30 } as const;
      const after = await targets.edit(
        target.id,
        1,
        { deprovision, settings: { url: 'https://y' } },
        hidden({ token: 'y' }),
      );
      expect(after).toEqual({
        ...target,
        deprovision,
        settings: { url: 'https://y' },
        updatedAt: edited,
        revision: 2,
      });
      await expect(targets.edit(target.id, 1, { name: 'Late' })).rejects.toThrow(StaleRevision);
      expect(revealed(await targets.secrets(after))).toEqual({ token: 'y' });
      await expect(targets.secrets(target)).rejects.toThrow(SecretUnreadable);
      await targets.hold(target.id, expired);
      expect(await targets.get(target.id)).toEqual({ ...after, state: 'quarantined', problem: expired });
      await targets.hold(target.id, null);
      expect(await targets.get(target.id)).toEqual(after);
    });

    it('remembers what was in force before it was loosened until that is said to be over, and what was loosened since', async () => {
      const from = {
        limits: defaultLimits,
        protected: { ...nobodyProtected, ids: ['director'] },
        approvals: 2,
      } as const;
      const target = aTarget({ loosened: { from, at: start } });
      await targets.add(target, hidden({ token: 'x' }));
      expect(await targets.get(target.id)).toEqual(target);
      const again = await targets.edit(target.id, 1, { loosened: { from, at: edited } });
      await targets.forgetLoosened(target.id, start);
      expect(await targets.get(target.id)).toEqual(again);
      await targets.forgetLoosened(target.id, edited);
      expect(await targets.get(target.id)).toEqual({ ...again, loosened: null });
      expect(revealed(await targets.secrets(again))).toEqual({ token: 'x' });
    });

    it('is found with the others of its connection', async () => {
      const connection = connectionId(newId('con'));
      const made = [aTarget({ connection }), aTarget({ connection })];
      for (const target of [...made, aTarget()]) await targets.add(target, {});
      expect(await targets.of(connection)).toEqual(made);
      for (const { id } of made) await targets.remove(id);
      expect(await targets.of(connection)).toEqual([]);
    });
  });
};

const aConnection = (other: Partial<Connection> = {}): Connection => ({
  id: connectionId(newId('con')),
  organization: organizationId('org_1'),
  vendor: 'MS_ENTRA',
  name: 'Contoso',
  description: null,
  state: 'active',
  problem: null,
  quarantine: null,
  firstReadAt: null,
  trouble: null,
  toldUnwell: null,
  tenantId: '5c6ae4a9-9d4a-4a3e-9b0f-5a4d5a5d5a5d',
  namedBy: 'organization',
  cloud: 'global',
  credentials: { kind: 'client_secret', clientId: 'app' },
  credentialUse: unusedCredentials,
  scope: everyone,
  attributes: defaultAttributes,
  ...defaultIntervals,
  shrinkLimit: defaultShrinkLimit,
  createdAt: start,
  updatedAt: start,
  revision: 1,
  ...other,
});

const aTarget = (other: Partial<TargetRecord> = {}): TargetRecord => ({
  id: targetId(newId('tgt')),
  organization: organizationId('org_1'),
  connection: connectionId('con_1'),
  kind: 'scim',
  name: 'Helpdesk',
  state: 'active',
  problem: null,
  quarantine: null,
  settings: { url: 'https://x' },
  mapping: {
    user: [
      { kind: 'direct', from: 'mail', to: 'userName', apply: 'always', whenNull: 'keep', default: null },
      {
        kind: 'constant',
        value: ['a', 'b'],
        to: 'urn:x:2.0:User:tags',
        apply: 'only_on_create',
        whenNull: 'clear',
        default: [],
      },
    ],
    group: [],
  },
  matching: { user: [{ from: 'mail', to: 'userName', ignoreCase: true }], group: [] },
  deprovision: { kind: 'disable' },
  leftGroups: 'leave',
  limits: defaultLimits,
  protected: nobodyProtected,
  escrow: defaultEscrow,
  autoApproveFirst: false,
  approvals: 1,
  loosened: null,
  credentialVersion: 1,
  createdAt: start,
  updatedAt: start,
  revision: 1,
  ...other,
});
