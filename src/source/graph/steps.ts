/** A read is a row of steps: some messages, and where the read stands after them. */

import type { Resume } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import type { SourcePage } from '../source.ts';
import { sideBySide } from './side-by-side.ts';

/** `place` holds what moved; a step in the middle of a page moves nothing. */
export type Step<Place> = { readonly messages: readonly ObjectMessage[]; readonly place: Partial<Place> };

/** Reads the streams side by side, with the common place after every step. Returns the last place. */
export async function* follow<Place>(
  from: Place,
  streams: readonly ((signal: AbortSignal) => AsyncGenerator<Step<Place>>)[],
  write: (place: Place) => Resume,
  signal: AbortSignal,
): AsyncGenerator<SourcePage, Place> {
  let place = from;
  for await (const step of sideBySide(streams, signal)) {
    place = { ...place, ...step.place };
    yield { type: 'page', messages: step.messages, resume: write(place) };
  }
  return place;
}

/** The same steps, the last of which also moves `place`: a page is done with its last part. A page without parts is one empty step. */
export async function* endingAt<Place>(
  steps: AsyncIterable<Step<Place>>,
  place: Partial<Place>,
): AsyncGenerator<Step<Place>> {
  let held: Step<Place> | null = null;
  for await (const step of steps) {
    if (held !== null) yield held;
    held = step;
  }
  yield { messages: held?.messages ?? [], place: { ...held?.place, ...place } };
}
