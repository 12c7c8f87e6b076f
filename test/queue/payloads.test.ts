import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import {
  maintenancePayload,
  PayloadTooNew,
  provisionPayload,
  syncPayload,
  tickPayload,
} from '../../src/queue/payloads.ts';

describe('what a job carries', () => {
  it('is ids', () => {
    expect(syncPayload.parse({ connection: 'con_1' })).toEqual({ connection: 'con_1' });
    expect(provisionPayload.parse({ target: 'tgt_1' })).toEqual({ target: 'tgt_1' });
    expect(tickPayload.parse({ connection: 'con_1', mode: 'full' })).toEqual({ connection: 'con_1', mode: 'full' });
    expect(maintenancePayload.parse({ what: 'prune' })).toEqual({ what: 'prune' });
    expect(maintenancePayload.parse({ what: 'purge', connection: 'con_1' })).toEqual({
      what: 'purge',
      connection: 'con_1',
    });
    const probes = [
      { what: 'probe_connection', connection: 'con_1' },
      { what: 'probe_target', target: 'tgt_1' },
    ];
    expect(probes.map((probe) => maintenancePayload.parse(probe))).toEqual(probes);
  });

  it.each([
    ['a name beside the id', syncPayload, { connection: 'con_1', displayName: 'Anna' }],
    ['an empty id', syncPayload, { connection: '' }],
    ['nothing', syncPayload, undefined],
    ['another id', provisionPayload, { connection: 'con_1' }],
    ['a number for an id', provisionPayload, { target: 7 }],
    ['an unknown mode', tickPayload, { connection: 'con_1', mode: 'hourly' }],
    ['a purge of nobody', maintenancePayload, { what: 'purge' }],
    ['a prune of somebody', maintenancePayload, { what: 'prune', connection: 'con_1' }],
    ['a probe of the other kind', maintenancePayload, { what: 'probe_target', connection: 'con_1' }],
    ['an unknown chore', maintenancePayload, { what: 'drop' }],
  ])('is refused when it is anything more, or less: %s', (_, payload, given) => {
    expect(() => payload.parse(given)).toThrow(ZodError);
  });

  it.each([syncPayload, provisionPayload, tickPayload, maintenancePayload])(
    'is left to a newer worker when a newer version wrote it, whatever it holds',
    (payload) => {
      expect(() => payload.parse({ v: 2, tenants: ['a'] })).toThrow(PayloadTooNew);
      expect(() => payload.parse({ v: 2, tenants: ['a'] })).toThrow('of version 2; this worker knows version 1');
    },
  );
});
