/**
 * Two credentials of one application, while one takes the place of the other. The one that works is used; only when the login service refuses it for good
 * the other is tried. What is refused is not told by its number, which Microsoft calls unstable: an application that is disabled costs one request more.
 */

import type { Credential, CredentialPlace } from '../../model/connection.ts';
import { SourceError } from '../../model/errors.ts';
import type { Tokens } from './credentials.ts';

/** One credential by itself. `kind`: by itself, also where the application is ours. `hint`: what the record of the application shows of a secret; null for what is none. */
export type Shown = {
  readonly place: CredentialPlace;
  readonly kind: Credential['kind'];
  readonly tokens: Tokens;
  readonly endsAt: Date | null;
  readonly hint: string | null;
};

/** `now`: the one that gives tokens from here on. `refusal`: what the login service said of the other. */
export type Switched = { readonly now: CredentialPlace; readonly refusal: SourceError };

/** `from`: the one that worked last, as far as anybody knows. */
export const eitherOf = (
  each: readonly [Shown, Shown],
  from: CredentialPlace,
  switched: (told: Switched) => void,
): Tokens => {
  const [one, two] = each;
  let current = two.place === from ? two : one;
  return {
    get: async (signal) => {
      const tried = current;
      try {
        return await tried.tokens.get(signal);
      } catch (refusal) {
        if (!(refusal instanceof SourceError) || refusal.fault !== 'unauthorized') throw refusal;
        const other = tried === one ? two : one;
        const token = await orBoth(refusal, () => other.tokens.get(signal));
        // Whoever asked at the same moment has found out, too.
        if (current === tried) {
          current = other;
          switched({ now: other.place, refusal });
        }
        return token;
      }
    },
    drop: () => {
      for (const { tokens } of each) tokens.drop();
    },
  };
};

/** What passes is waited for: the other one may be good. Two that are refused for two reasons have two things to mend. */
const orBoth = async (refusal: SourceError, ask: () => Promise<string>): Promise<string> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SourceError) || error.fault !== 'unauthorized') throw error;
    if (error.code === refusal.code) throw refusal;
    const message = `${refusal.message} The other credential is refused, too: ${error.message}`;
    throw new SourceError('unauthorized', message, {
      cause: refusal,
      code: refusal.code ?? 'refused',
      mend: refusal.mend,
    });
  }
};
