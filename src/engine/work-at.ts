/** Everything a provision run works with, from where it is. */

import { shield } from '../core/protection.ts';
import { sayingOnlyRead } from '../core/read-attributes.ts';
import type { Connection } from '../model/connection.ts';
import { nobodyProtected } from '../model/target-record.ts';
import type { Source } from '../source/source.ts';
import type { Secrets } from '../store/connection-store.ts';
import type { Begun, Standing } from './begin-run.ts';
import { createsUnderWay } from './creates.ts';
import type { Engine } from './engine.ts';
import { movedSince } from './known-members.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import { linksAsHeld, reconciliationOf } from './repair.ts';
import { shownAsOurs } from './sights.ts';
import { roomForWrites } from './write-room.ts';

export const workAt = async (
  engine: Engine,
  { run, connection, record, lease, watch }: Standing,
  { aim, place, known, reached, written }: Begun,
): Promise<Provisioning> => {
  let passes = 0;
  const head = await engine.stores.snapshots.head(connection.id);
  const target = engine.connectTarget(record, await engine.stores.targets.secrets(record));
  if (aim.kind !== 'plan') await watch.lastsInFlight(engine.timing.inFlightMs ?? target.answersWithinMs);
  return {
    engine,
    run,
    connection,
    record,
    mapping: sayingOnlyRead(record.mapping, head.attributes),
    source: once(engine, connection, await engine.stores.connections.secrets(connection.id)),
    target,
    takesGroups: target.capabilities.groups,
    lease,
    watch,
    through: place.through,
    objects: head.counts.user + head.counts.group,
    aim,
    rules: place.rules,
    accepted: place.accepted,
    reach: place.reach,
    reached,
    planId: place.plan,
    written,
    shield: shield(nobodyProtected, new Set()),
    guarded: new Map(),
    askedGroups: [],
    exceeded: [...place.exceeded],
    writeRoom: roomForWrites(),
    claims: new Map(),
    names: new Map(),
    creates: createsUnderWay(),
    asHeld:
      run.amends?.kind !== 'repair'
        ? null
        : linksAsHeld(engine, record, target, watch, await reconciliationOf(engine.stores, run.amends.run)),
    remoteIds: new Map(),
    askedFor: new Set(),
    reads: new Map(),
    sights: known === 'outdated' ? new Map() : null,
    looksAtAll: false,
    moved: movedSince({ engine, run, record }),
    firstMembers: new Map(),
    nextPass: () => {
      passes += 1;
      return passes;
    },
  };
};

/** What the target can do it may say only when it is asked. A run that met no groups in one of its turns has passed some by, and leaves all of them alone. */
export const ready = async (work: Provisioning): Promise<Provisioning> => {
  const { target, watch, engine, record, run } = work;
  await target.ready(watch.signal);
  const { groups } = await engine.stores.ledger.owed(record.id);
  const met = { ...work, takesGroups: target.capabilities.groups && groups?.after !== run.id };
  return work.reached === 'unproved' && isDry(work) ? { ...met, asHeld: (links) => shownAsOurs(met, links) } : met;
};

/** Most runs take nothing away and never ask the source. */
const once = (engine: Engine, connection: Connection, secrets: Secrets): (() => Source) => {
  let source: Source | null = null;
  return () => {
    source ??= engine.connectSource(connection, secrets);
    return source;
  };
};
