/**
 * Holds a connection or target back until it is mended, and finds out by itself when it is: a probe makes the calls of a connection test, which change
 * nothing. Who passes is let go; who does not is asked again later and later.
 */

import { problemIn } from '../core/health.ts';
import { heldBack, heldNowBy, onProbation, stillHeld } from '../core/quarantine.ts';
import type { Check, CheckReport } from '../model/check.ts';
import type { Connection, Problem, Quarantine } from '../model/connection.ts';
import { KeysUnavailable, SecretUnreadable, SourceError, TargetError } from '../model/errors.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Engine } from './engine.ts';
import { knowTenant } from './note-tenant.ts';
import { findingOf } from './secrets-first.ts';
import { tellDegraded, tellIfRecovered } from './tell-health.ts';
import { asRead, isWatched } from './what-is-read.ts';

/** False, and nothing is held back: it is not as it was when that was found (other credentials, another address), so that it says nothing of how it is. */
export const holdTarget = async (
  engine: Engine,
  { id, revision }: Pick<TargetRecord, 'id' | 'revision'>,
  problem: Problem,
): Promise<boolean> => {
  const before = await engine.stores.targets.get(id);
  const quarantine = heldBack(before?.quarantine ?? null, engine.world.now());
  const isHeld = await engine.stores.targets.holdAt(id, revision, problem, quarantine);
  if (isHeld) engine.observe.quarantined('target');
  return isHeld;
};

export const holdConnection = async (
  engine: Engine,
  { id, revision }: Pick<Connection, 'id' | 'revision'>,
  problem: Problem,
): Promise<boolean> => {
  const before = await engine.stores.connections.get(id);
  if (before?.revision !== revision) return false;
  const at = engine.world.now();
  // Before it is held back: told twice is better than never.
  if (before.state === 'active') await tellDegraded(engine, before, 'blocked', problem);
  const isHeld = await engine.stores.connections.holdAt(id, revision, problem, heldBack(before.quarantine, at));
  if (isHeld) engine.observe.quarantined('connection');
  return isHeld;
};

/** The record as it is once it was let go; null when it stays as it is. */
export const probeTarget = async (engine: Engine, id: TargetId, signal: AbortSignal): Promise<TargetRecord | null> => {
  const { targets } = engine.stores;
  const record = await targets.get(id);
  if (record?.state !== 'quarantined') return null;
  const quarantine = record.quarantine ?? heldBack(null, engine.world.now());
  const report = await reported(async (deadline) => {
    const target = engine.connectTarget(record, await targets.secrets(record));
    return await target.check(deadline);
  }, signal);
  tell(engine, 'target', { target: id }, report.ok, quarantine);
  if (!report.ok) {
    const found = heldNowBy(record.problem, problemIn(report));
    await targets.probed(id, stillHeld(quarantine, engine.world.now()), found ?? undefined);
    return null;
  }
  await targets.hold(id, null, onProbation(quarantine));
  return await targets.get(id);
};

export const probeConnection = async (
  engine: Engine,
  id: ConnectionId,
  signal: AbortSignal,
): Promise<Connection | null> => {
  const { connections } = engine.stores;
  const record = await connections.get(id);
  if (record?.state !== 'quarantined') return null;
  const quarantine = record.quarantine ?? heldBack(null, engine.world.now());
  const report = await reported(async (deadline) => {
    const source = engine.connectSource(record, await connections.secrets(id));
    const read = asRead(engine, record, await engine.stores.targets.of(id));
    const watched = isWatched(await engine.stores.subscriptions.of(id));
    const found = await source.check({ ...read, watched }, deadline);
    // Good credentials do not say whose the tenant is. The run that would follow asks that first.
    if (found.ok) await knowTenant(engine, record, source, deadline);
    return found;
  }, signal);
  tell(engine, 'connection', { connection: id }, report.ok, quarantine);
  if (!report.ok) {
    const found = heldNowBy(record.problem, problemIn(report));
    if (found !== null && found.code !== record.problem?.code) await tellDegraded(engine, record, 'blocked', found);
    await connections.probed(id, stillHeld(quarantine, engine.world.now()), found ?? undefined);
    return null;
  }
  await connections.hold(id, null, onProbation(quarantine));
  const after = await connections.get(id);
  if (after !== null) await tellIfRecovered(engine, after);
  return after;
};

const probeTimeoutMs = 30_000;

/** A check finds out and does not throw; what is thrown all the same by the other side, or by what is stored, is no success. */
const reported = async (
  check: (signal: AbortSignal) => Promise<CheckReport>,
  signal: AbortSignal,
): Promise<CheckReport> => {
  try {
    return await check(AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SecretUnreadable) return { ok: false, checks: [findingOf(error)] };
    if (error instanceof SourceError) return { ok: false, checks: linesOf(error) };
    if (error instanceof TargetError || error instanceof KeysUnavailable) return { ok: false, checks: [] };
    throw error;
  }
};

/** Who must act, where it says so. */
const linesOf = ({ message, code, fault, mend }: SourceError): readonly Check[] =>
  mend === undefined
    ? []
    : [
        {
          name: 'Tenant',
          ok: false,
          detail: message,
          remedy: { code: code ?? `source_${fault}`, ...mend, link: null },
        },
      ];

const tell = (
  engine: Engine,
  kind: 'connection' | 'target',
  whose: Readonly<Record<string, string>>,
  ok: boolean,
  { probes }: Quarantine,
): void => {
  engine.observe.probed(kind, ok ? 'passed' : 'failed');
  engine.world.log.info('quarantine.probed', { ...whose, ok, probes: probes + 1 });
  if (ok) engine.world.log.info('quarantine.released', whose);
};
