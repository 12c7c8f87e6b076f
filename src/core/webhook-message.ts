/** The message of an event (https://github.com/standard-webhooks/standard-webhooks, "Payload structure"): what happened, when, and to what, by ids. */

import type { EventAbout, RecordedEvent } from '../model/event.ts';
import type { JsonObject } from '../model/target-record.ts';

/** `test`: somebody wants to see whether a message arrives; nothing happened. */
export const messageOf = (event: RecordedEvent): JsonObject => ({
  type: event.about.type,
  timestamp: event.at.toISOString(),
  data: {
    organization_id: event.organization,
    connection_id: event.connection,
    sequence: event.sequence,
    ...factsOf(event.about),
  },
});

export const testMessage = (organization: string, at: Date): JsonObject => ({
  type: 'webhook.test',
  timestamp: at.toISOString(),
  data: { organization_id: organization },
});

const factsOf = (about: EventAbout): JsonObject => {
  switch (about.type) {
    case 'run.completed':
    case 'run.blocked':
      return {
        run_id: about.run,
        kind: about.kind,
        state: about.state,
        target_id: about.target,
        code: about.code,
      };
    case 'person.created':
    case 'person.disabled':
      return { person_id: about.person, version: about.version };
    case 'person.updated':
      return { person_id: about.person, version: about.version, attributes: about.attributes };
    case 'person.removed':
      return { person_id: about.person, version: about.version, why: about.why };
    case 'plan.approved_once':
      return { plan_id: about.plan, target_id: about.target };
    case 'connection.degraded':
      return { status: about.status, code: about.code, resolution_owner: about.owner };
    case 'connection.recovered':
      return { code: about.code };
    case 'credential.expiring':
      return {
        credential: about.credential,
        stage: about.stage,
        ends_at: about.endsAt.toISOString(),
        is_last: about.isLast,
      };
  }
};
