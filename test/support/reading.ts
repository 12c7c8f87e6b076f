/** Reads a source to its end, as the engine does, without the engine. */

import type { Resume, Watermark } from '../../src/model/ids.ts';
import type { Scope } from '../../src/model/scope.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import type { Ask, Source, SourceEnd } from '../../src/source/source.ts';
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
  readonly attributes?: Ask['attributes'];
};

/** Without the manager users are listed; with it they are enumerated by the delta query. */
export const withoutManager: Ask['attributes'] = {
  ...attributes,
  user: attributes.user.filter((name) => name !== 'manager'),
};

export const never = new AbortController().signal;

export const askFor = (folded: Folded, reading: Reading): Ask => ({
  scope: reading.scope,
  attributes: reading.attributes ?? attributes,
  read: reading.from == null ? { mode: 'full' } : { mode: 'delta', from: reading.from },
  resume: reading.resume ?? null,
  watermark: reading.watermark ?? true,
  known: folded.known,
});

/** What a read tells, one by one: messages, the places after them, and the end. */
export type Told = ObjectMessage | { readonly type: 'place'; readonly resume: Resume } | SourceEnd;

/** Folds a whole read and gives its watermark. `each` sees everything after it was folded. */
export const readAll = async (
  source: Source,
  folded: Folded,
  reading: Reading,
  each: (told: Told) => void = () => {},
): Promise<Watermark | null> => {
  let end: SourceEnd | null = null;
  for await (const page of source.read(askFor(folded, reading), never)) {
    if (end !== null) throw new Error(`A ${page.type} came after the end.`);
    if (page.type === 'end') {
      end = page;
      each(page);
      continue;
    }
    for (const message of page.messages) {
      folded.apply(message);
      each(message);
    }
    if (page.resume !== null) each({ type: 'place', resume: page.resume });
  }
  if (end === null) throw new Error('The read stopped without an end.');
  if (reading.from === undefined || reading.from === null) folded.sweep();
  return end.watermark;
};
