/** Reads a source to its end, as the engine does, without the engine. */

import type { Resume, Watermark } from '../../src/model/ids.ts';
import type { Scope } from '../../src/model/scope.ts';
import type { Ask, Source, SourceMessage } from '../../src/source/source.ts';
import type { Folded } from './folded.ts';

export const attributes: Ask['attributes'] = {
  user: ['accountEnabled', 'department', 'displayName', 'manager', 'userPrincipalName'],
  group: ['displayName'],
};

export type Reading = {
  readonly scope: Scope;
  /** Where a delta read starts; absent for a full read. */
  readonly from?: Watermark | null;
  readonly resume?: Resume | null;
  readonly watermark?: boolean;
};

export const never = new AbortController().signal;

export const askFor = (folded: Folded, { scope, from = null, resume = null, watermark = true }: Reading): Ask => ({
  scope,
  attributes,
  read: from === null ? { mode: 'full' } : { mode: 'delta', from },
  resume,
  watermark,
  known: folded.known,
});

/** Folds a whole read and gives its watermark. `each` sees every message after it was folded. */
export const readAll = async (
  source: Source,
  folded: Folded,
  reading: Reading,
  each: (message: SourceMessage) => void = () => {},
): Promise<Watermark | null> => {
  let end: Extract<SourceMessage, { type: 'end' }> | null = null;
  for await (const message of source.read(askFor(folded, reading), never)) {
    if (end !== null) throw new Error(`A ${message.type} came after the end.`);
    folded.apply(message);
    each(message);
    if (message.type === 'end') end = message;
  }
  if (end === null) throw new Error('The read stopped without an end.');
  if (reading.from === undefined || reading.from === null) folded.sweep();
  return end.watermark;
};
