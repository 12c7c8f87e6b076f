import { describe, expect, it } from 'vitest';
import { maintenancePayload, provisionPayload, syncPayload, tickPayload } from '../../src/queue/payloads.ts';

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

  it('is refused when it is anything more, or less', () => {
    const refused = [
      syncPayload.safeParse({ connection: 'con_1', displayName: 'Anna' }),
      syncPayload.safeParse({ connection: '' }),
      syncPayload.safeParse(undefined),
      provisionPayload.safeParse({ connection: 'con_1' }),
      provisionPayload.safeParse({ target: 7 }),
      tickPayload.safeParse({ connection: 'con_1', mode: 'hourly' }),
      maintenancePayload.safeParse({ what: 'purge' }),
      maintenancePayload.safeParse({ what: 'prune', connection: 'con_1' }),
      maintenancePayload.safeParse({ what: 'probe_target', connection: 'con_1' }),
      maintenancePayload.safeParse({ what: 'drop' }),
    ];
    expect(refused.map(({ success }) => success)).toEqual(refused.map(() => false));
  });
});
