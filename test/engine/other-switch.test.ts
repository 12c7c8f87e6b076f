/** Targets whose mapping switches accounts by something other than whether somebody is enabled in Entra: by what HR says of them, or by one word for everybody. */

import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { defaultAttributes } from '../../src/model/connection.ts';
import type { MappingRule } from '../../src/model/mapping.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const employed = 'onPremisesExtensionAttributes.extensionAttribute1';
const ofSwitch = { to: 'active', whenNull: 'keep', default: true, apply: 'always' } as const;
const byHr: MappingRule = { ...ofSwitch, kind: 'direct', from: employed };
const nobodyOn: MappingRule = { ...ofSwitch, kind: 'constant', value: false };
const withRule = (rule: MappingRule) => ({
  ...defaultMapping,
  user: [...defaultMapping.user.filter(({ to }) => to !== 'active'), rule],
});
const free = { count: 1_000, percent: 100, floor: 1_000 };

/** `beforeAsked`: what happens in the tenant right before it is asked again. */
const office = async (rule: MappingRule, more: StoryOptions = {}) => {
  let beforeAsked = (): void => {};
  const s: Story = await story({
    target: { mapping: withRule(rule), limits: { ...defaultLimits, deprovisions: free } },
    connection: { attributes: { ...defaultAttributes, user: [...defaultAttributes.user, employed] } },
    wrapSource: (source) => ({
      ...source,
      confirm: (...ask) => {
        beforeAsked();
        return source.confirm(...ask);
      },
    }),
    ...more,
  });
  const hire = (name: string, says: string | null, accountEnabled = true): void =>
    s.hire(name, { [employed]: says, accountEnabled });
  const onAsked = (then: () => void): void => {
    beforeAsked = then;
  };
  return { s, hire, onAsked };
};

/** HR had eve off, and says that she is back, which no read has told yet. */
const returning = async () => {
  const made = await office(byHr);
  const { s, hire } = made;
  hire('eve', 'true');
  await s.full();
  hire('eve', 'false');
  await s.delta();
  hire('eve', 'true');
  return made;
};

const evidenceOfDisables = async (s: Story) => {
  const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
  return items.flatMap(({ operation, cause }) => (operation.action === 'disable' ? [cause.evidence?.confirmed] : []));
};

describe('off-by-another-attribute: an account that is switched by what HR says', () => {
  it('is switched off when HR says so, on the tenant’s own word for that attribute, and on again', async () => {
    const { s, hire } = await office(byHr);
    hire('eve', 'true');
    hire('bob', 'true');
    await s.full();
    hire('eve', 'false');
    await s.delta();
    expect(s.accounts()).toEqual({ bob: 'on', eve: 'off' });
    expect(await evidenceOfDisables(s)).toEqual([{ at: s.now(), said: { off_by_mapping: 1 }, by: employed }]);
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'disabled_in_source',
      owner: 'customer_it',
      sentence: expect.stringContaining(
        `is off by ${employed} in Entra, which the attribute mapping of Helpdesk goes by, so account`,
      ),
      todo: `If this person is to work there, have ${employed} mended in Entra; the next sync does the rest.`,
    });
    hire('eve', 'true');
    await s.delta();
    expect(s.accounts()).toEqual({ bob: 'on', eve: 'on' });
  });

  it('is shown by a dry run as what a run would do', async () => {
    const { s, hire } = await office(byHr);
    hire('eve', 'true');
    await s.full();
    hire('eve', 'false');
    await s.requestSync('delta');
    await s.syncAll();
    await s.provision('delta', true);
    expect((await s.newestPlan()).counts).toMatchObject({ disable: 1 });
  });

  it.each([
    ['says that they are employed', 'true', true],
    ['says so, and they are disabled in Entra, by which the mapping does not go', 'true', false],
    ['says nothing of them', null, false],
  ])('is left alone where HR, asked now, %s', async (_, says, enabled) => {
    const { s, hire, onAsked } = await office(byHr);
    hire('eve', 'true');
    await s.full();
    hire('eve', 'false');
    onAsked(() => hire('eve', says, enabled));
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'on' });
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'source_unsure',
      sentence: expect.stringContaining('was read as somebody who is off, but Entra, asked again, said otherwise'),
    });
  });

  it('is asked for what HR says only where it said something: of who left, or comes back, it may be nothing that is read', async () => {
    const asked: unknown[] = [];
    const { s } = await office(byHr, {
      connection: {},
      wrapSource: (source) => ({
        ...source,
        confirm: (refs, scope, signal, by = null) => {
          asked.push(by);
          return source.confirm(refs, scope, signal, by);
        },
      }),
    });
    s.hire('eve');
    await s.full();
    s.directory.remove(id('eve'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'off' });
    s.directory.restore(id('eve'));
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'on' });
    expect(asked).toEqual([null, null]);
  });

  it('stays on while HR says so, though its owner is disabled in Entra', async () => {
    const { s, hire } = await office(byHr);
    hire('eve', 'true');
    await s.full();
    hire('eve', 'true', false);
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'on' });
  });

  it('stays off where HR, asked now, says so again', async () => {
    const { s, hire, onAsked } = await returning();
    onAsked(() => hire('eve', 'false'));
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'off' });
    expect((await why(s, id('eve'))).verdict.reason).toBe('source_unsure');
  });

  it('is switched on by HR though its owner was disabled in Entra by then', async () => {
    const { s, hire, onAsked } = await returning();
    onAsked(() => hire('eve', 'true', false));
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'on' });
  });

  it('is not made for who is off by it', async () => {
    const { s, hire } = await office(byHr);
    hire('eve', 'false');
    await s.full();
    expect(s.accounts()).toEqual({});
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'disabled_in_source',
      sentence: expect.stringContaining(
        `is off by ${employed} in Entra, which the attribute mapping of Helpdesk goes by, and has no account at Helpdesk: nobody who is off is given one.`,
      ),
    });
  });
});

describe('a mapping that has everybody off', () => {
  it('switches off whoever the tenant says is there', async () => {
    const { s, hire } = await office(byHr);
    hire('eve', 'true');
    hire('bob', 'true', false);
    await s.full();
    expect(s.accounts()).toEqual({ bob: 'on', eve: 'on' });
    await s.editTarget({ mapping: withRule(nobodyOn) });
    await s.provision('full');
    expect(s.accounts()).toEqual({ bob: 'off', eve: 'off' });
    const asked = { at: expect.any(Date), said: { present: 1 } };
    expect(await evidenceOfDisables(s)).toEqual([asked, asked]);
    expect((await why(s, id('eve'))).verdict).toMatchObject({
      reason: 'disabled_in_source',
      owner: 'your_team',
      sentence: expect.stringContaining(
        'is off by the attribute mapping of Helpdesk, which says so of everybody, so account',
      ),
      todo: 'If this person is to work there, edit the rule for active in the attribute mapping of Helpdesk.',
    });
  });
});
