/** The audit log: what is done is written down before, and what came of it after. */

import { differencesBetween } from '../core/differences.ts';
import { errorFacts } from '../logger.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { AuditFilter, KeptEntry, NewAuditEntry } from '../store/audit-log.ts';
import type { Page } from '../store/snapshot-store.ts';
import { Refused } from './refused.ts';
import type { Hall, Room } from './room.ts';
import type { FilterWithin } from './stores-within.ts';

export const auditRecorder = ({ stores, world }: Pick<Hall, 'stores' | 'world'>) => ({
  /** Adds an entry and answers its number. The log gets its hash, so that it stands in another place, too. */
  async recordAudit(entry: NewAuditEntry): Promise<number> {
    const { action, step, trace } = entry;
    const facts = { action, step: step.kind, trace };
    try {
      const { seq, hash } = await stores.audit.append(entry);
      world.log.info('audit.recorded', { ...facts, seq, hash });
      return seq;
    } catch (error) {
      world.log.error('audit.not_recorded', { ...facts, ...errorFacts(error) });
      throw error;
    }
  },
});

export const auditQueries = ({ stores }: Pick<Room, 'stores'>) => ({
  listAudit(filter: FilterWithin<AuditFilter>, after: string | null, limit: number): Promise<Page<KeptEntry>> {
    return stores.audit.list(filter, after, limit);
  },

  /** Oldest first. */
  scanAudit(filter: FilterWithin<AuditFilter>): AsyncIterable<readonly KeptEntry[]> {
    return stores.audit.scan(filter);
  },
});

export type Recorder = ReturnType<typeof auditRecorder>;

export type Asked = Omit<NewAuditEntry, 'step'> & { readonly given: readonly string[] };
export type Came = {
  /** It was not done after all; why. */
  readonly refused?: string;
  readonly subjects?: Readonly<Record<string, string>>;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
};

/**
 * Writes down what is asked for, does it, and writes down what came of it. What cannot be written down is not done. Stopped after the first of the two,
 * the log says that it was asked for, and the record whether it was done.
 */
export const audited = async <T>(
  recorder: Recorder,
  { given, ...asked }: Asked,
  act: () => Promise<T>,
  cameTo: (done: T) => Came = () => ({}),
  codeOf: (error: unknown) => string | null = codeOfRefusal,
): Promise<T> => {
  const of = await recorder.recordAudit({ ...asked, step: { kind: 'asked', given } });
  // It is done, or it was refused: that this could not be written down changes nothing of it, and stands in the log.
  const conclude = (entry: NewAuditEntry) => recorder.recordAudit(entry).catch(() => {});
  try {
    const done = await act();
    await conclude(concluded(asked, of, cameTo(done)));
    return done;
  } catch (error) {
    const code = codeOf(error);
    await conclude({ ...asked, step: code === null ? { kind: 'failed', of } : { kind: 'refused', of, code } });
    throw error;
  }
};

const concluded = (asked: Omit<NewAuditEntry, 'step'>, of: number, came: Came): NewAuditEntry => {
  const { refused, subjects, before, after } = came;
  if (refused !== undefined) return { ...asked, step: { kind: 'refused', of, code: refused } };
  const differences = differencesBetween(before ?? null, after ?? null);
  return { ...asked, subjects: { ...asked.subjects, ...subjects }, step: { kind: 'done', of, differences } };
};

const codeOfRefusal = (error: unknown): string | null => (error instanceof Refused ? error.code : null);
