/** What a consent comes to once its administrator has said so: one write of the connection, in the audit log before and after. */

import type { Connection, Problem } from '../model/connection.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { ConfirmStep } from '../store/consent-store.ts';
import { audited, type Recorder } from './audit.ts';
import { askedBy, isForOne, mayBe, type Return } from './consent-outcome.ts';
import { cannotConnect, tenantTaken } from './consent-problems.ts';
import { isStillAsked } from './consent-question.ts';
import { obstacle } from './consents.ts';
import type { Seen } from './prove-consent.ts';
import { found, Refused } from './refused.ts';
import { editing } from './room.ts';

/** The connection as it is then; or why not: it was removed or changed meanwhile, or the tenant was connected for others. */
export const connectByConsent = async (
  audit: Recorder,
  back: Return,
  step: ConfirmStep,
  seen: Seen,
): Promise<Connection | Problem> => {
  const { app, room, connection: asked, consent } = back;
  const { connections } = room.stores;
  const { tenant, by } = step;
  const connection = async () => found(await connections.get(asked.id), 'connection');
  const edit = () =>
    editing(null, async () => {
      const before = await connection();
      const refusal = obstacle(app, before);
      if (refusal !== null) throw refusal;
      if (!(await isStillAsked(room, before, step)))
        throw new Refused('stale_revision', 'It is another question by now than the one they answered.');
      if (!mayBe(before, tenant)) throw new Refused('tenant_fixed', 'The connection is to another tenant by now.');
      if (isForOne(back, before) && !(await room.engine.takeTenant(before, tenant)))
        throw new Refused('tenant_taken', 'The tenant is read for another organization by now.');
      const after = await connections.edit(before.id, before.revision, editOf(back, before, tenant, seen));
      return { before, after };
    });
  try {
    const what = { ...askedBy(consent, await connection(), by), given: [] };
    const { after } = await audited(audit, what, edit, ({ before, after }) => ({
      before: connectedAs(before),
      after: connectedAs(after),
    }));
    return after;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.code === 'tenant_taken' ? tenantTaken : cannotConnect;
  }
};

/** What a person paused stays paused. What cannot be read yet is held back, and probed until it can. */
const editOf = ({ app, room }: Return, { state, credentialUse }: Connection, tenant: string, seen: Seen) => {
  const credentials = { kind: 'admin_consent', clientId: app.clientId } as const;
  const problem = seen.kind === 'waits' ? seen.problem : null;
  const paused = { tenantId: tenant, credentials, problem, credentialUse: { ...credentialUse, directoryId: tenant } };
  if (state === 'paused') return paused;
  if (problem === null) return { ...paused, state: 'active', quarantine: null } as const;
  const since = room.world.now();
  const nextProbeAt = new Date(since.getTime() + firstProbeMs);
  return { ...paused, state: 'quarantined', quarantine: { since, probes: 0, nextProbeAt } } as const;
};

/** A consent is usually known everywhere within a minute or two. */
const firstProbeMs = 60_000;

/** What a consent edits. */
const connectedAs = ({ tenantId, credentials, state, revision }: Connection): JsonObject => ({
  tenant_id: tenantId,
  credentials: credentials && { kind: credentials.kind, client_id: credentials.clientId },
  state,
  revision,
});
