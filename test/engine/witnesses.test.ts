import { describe, expect, it } from 'vitest';
import { witnessesAt } from '../../src/engine/witnesses.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Link } from '../../src/model/operation.ts';
import { user } from '../../src/model/source-object.ts';
import { target } from '../support/story.ts';

const link = (id: string, state: Link['state']): Link => ({
  ref: user(sourceId(id)),
  remoteId: remoteId(`remote-${id}`),
  by: 'created',
  state,
  since: new Date(0),
  hasLeft: false,
  pushed: {},
  membersSince: null,
  membersAt: null,
});
const many = (name: string, state: Link['state'], count: number): readonly Link[] =>
  Array.from({ length: count }, (_, nth) => link(`${name}${nth}`, state));

/** `read`: how many batches of links were read. */
const asked = async (...batches: readonly (readonly Link[])[]) => {
  let read = 0;
  const scanLinks = async function* () {
    for (const batch of batches) {
      read += 1;
      yield batch;
    }
  };
  const ids = await witnessesAt({ scanLinks }, target)('user');
  return { ids: ids.map(String), read };
};

describe('who may show that a target is there', () => {
  it('is a few of those who are linked, before them nobody who is switched off', async () => {
    const { ids, read } = await asked(
      [...many('off', 'disabled', 300), ...many('on', 'active', 3)],
      many('on', 'active', 500),
    );
    expect(ids).toHaveLength(10);
    expect(ids.slice(0, 4)).toEqual(['remote-on0', 'remote-on1', 'remote-on2', 'remote-off0']);
    expect(read).toBe(1);
  });

  it('is somebody who is switched off where nobody else is at hand, without reading all links', async () => {
    expect(await asked(many('off', 'disabled', 500), many('off', 'disabled', 500))).toMatchObject({ read: 1 });
    expect(await asked()).toEqual({ ids: [], read: 0 });
  });
});
