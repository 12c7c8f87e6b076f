/** What a route answers, and what the audit log keeps of it. */

import type { JsonObject } from '../../model/target-record.ts';
import type { Events } from './events.ts';

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a body. */
  readonly events?: Events;
  /** In place of a body: a file, line by line. */
  readonly lines?: AsyncIterable<string>;
  /** Nothing of it is sent. */
  readonly audit?: AuditNote;
};

/** `subjects`: what it turned out to be about, beside what the address names. `before`, `after`: renderings of the record that anybody may read. */
export type AuditNote = {
  readonly subjects?: Readonly<Record<string, string>>;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
};
