/** Where a browser says that a request came from (Fetch Metadata; RFC 6454). One that says nothing is believed nothing. */

import type { Request } from 'express';

export const isSentFromHere = (request: Request, publicUrl: string | null): boolean => {
  const [site, origin] = [request.get('sec-fetch-site'), request.get('origin')];
  const ours = publicUrl === null ? null : new URL(publicUrl).origin;
  return (
    (site !== undefined || origin !== undefined) &&
    (site === undefined || site === 'same-origin') &&
    (origin === undefined || origin === ours)
  );
};

/** The same of a look, which somebody may also have typed in. */
export const isAskedFromHere = (request: Request): boolean =>
  ['same-origin', 'none'].includes(request.get('sec-fetch-site') ?? '');
