import { afterAll, beforeAll } from 'vitest';
import type { Knobs } from '../../../simulator/graph/index.ts';
import { type SourceId, sourceId } from '../../../src/model/ids.ts';
import { type DirectoryUnderTest, sourceContract } from '../../contract/source-contract.ts';
import { type Graph, openGraph, sourceOf, truthOf } from '../../support/graph.ts';
import { attributes } from '../../support/reading.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await openGraph({ tenants: [] });
});
afterAll(() => graph.close());

const smallPages: Partial<Knobs> = { deltaPageSize: 2, membersPerPage: 2 };

sourceContract('Microsoft Graph', () => underTest(smallPages));
sourceContract('Microsoft Graph on a bad day', () =>
  underTest({
    ...smallPages,
    duplicates: 0.3,
    replays: 0.5,
    shuffle: true,
    emptyPages: 0.3,
    removedInFirstRound: true,
    changesInFirstRound: true,
    listPageCap: 3,
    deltaExpiry: 'gone',
    managerRemoval: 'both',
    gzip: false,
  }),
);

const underTest = (knobs: Partial<Knobs>): DirectoryUnderTest => {
  graph.control.resetKnobs();
  graph.control.setKnobs(knobs);
  graph.control.clearFaults();
  const tenant = graph.control.addTenant({ users: 0, groups: 0 });
  return {
    source: sourceOf(graph, {}, tenant.tenantId),
    hire: (displayName, { department, manager } = {}) =>
      sourceId(
        tenant.hire({
          displayName,
          ...(department === undefined ? {} : { department }),
          ...(manager === undefined ? {} : { manager }),
        }),
      ),
    rename: (id, displayName) => tenant.rename(id, { displayName }),
    clearDepartment: (id) => tenant.update(id, { department: null }),
    report: (id, manager) => tenant.move(id, { manager }),
    disable: tenant.disable,
    softDelete: tenant.softDelete,
    restore: tenant.restore,
    purge: tenant.hardDelete,
    createGroup: (displayName, members) => sourceId(tenant.createGroup({ displayName, members })),
    deleteGroup: tenant.deleteGroup,
    join: (group: SourceId, member) => tenant.join(group, member),
    leave: (group: SourceId, member) => tenant.leave(group, member),
    expireWatermarks: tenant.expireDeltaLinks,
    expireResumes: tenant.expirePages,
    hide: (attribute) => {
      graph.control.fault({
        path: '/users|/getByIds',
        times: null,
        fault: { answer: 'blank', properties: [attribute] },
      });
    },
    breakAfter: (pages) => {
      graph.control.fault({ path: '^/v1\\.0', nth: pages + 1, times: null, fault: { answer: 'unavailable' } });
    },
    truth: () => truthOf(tenant, attributes.user),
  };
};
