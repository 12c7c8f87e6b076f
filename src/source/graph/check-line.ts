/** One line of a connection test: what was proved; or what failed, why that was needed, and who mends it. */

import type { Check, Remedy } from '../../model/check.ts';
import { SourceError } from '../../model/errors.ts';
import { consent, type Registrant } from './aadsts.ts';
import { LoginFailed } from './credentials.ts';
import { askOtherwise, GraphRefusal } from './errors.ts';
import { type Need, permissionOf, type Roles } from './permissions.ts';

export type Around = {
  readonly registrant: Registrant;
  /** The page where an administrator sees the permissions of the app registration and consents to them; null when there is none to show. */
  readonly permissionsUrl: string | null;
  /** What the token says was granted; null when it cannot be read. */
  readonly granted: Roles | null;
};

export type Tried<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SourceError };

/** A failure is a finding. So is a tenant that takes longer than the check may; being told to stop is not. */
export const tried = async <T>(signal: AbortSignal, prove: () => Promise<T>): Promise<Tried<T>> => {
  try {
    return { ok: true, value: await prove() };
  } catch (error) {
    if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason;
    if (signal.aborted) return { ok: false, error: tookTooLong(error) };
    if (!(error instanceof SourceError)) throw error;
    return { ok: false, error };
  }
};

/** A line about a permission; the proof by a call counts, whatever the token says. */
export const permissionLine = async (
  name: string,
  need: Need,
  around: Around,
  signal: AbortSignal,
  prove: () => Promise<string>,
): Promise<Check> => {
  const permission = permissionOf(need, around.granted);
  const result = await tried(signal, prove);
  if (result.ok) return { name, ok: true, detail: result.value, permission };
  const remedy = remedyOf(result.error, around, need);
  return { name, ok: false, detail: result.error.message, permission, remedy };
};

export const remedyOf = (error: SourceError, around: Around, need: Need | null): Remedy => {
  const { registrant, permissionsUrl } = around;
  if (error instanceof LoginFailed && error.mend !== undefined)
    return { code: error.code ?? 'no_token', ...error.mend, link: error.byConsent ? permissionsUrl : null };
  if (isDenial(error) && need !== null) return permissionRemedy(need, around);
  const code = error.code ?? `source_${error.fault}`;
  if (error.mend !== undefined) return { code, ...error.mend, link: null };
  switch (error.fault) {
    case 'unauthorized':
      return { code, owner: 'customer_it', todo: consent(around), link: permissionsUrl };
    case 'forbidden':
      return isDenial(error)
        ? { code, owner: registrant, todo: consent(around), link: permissionsUrl }
        : { code, ...askOtherwise, link: null };
    case 'throttled':
    case 'unavailable':
    case 'incomplete':
      return { code, owner: 'microsoft', todo: 'Nothing: check again in some minutes.', link: null };
  }
};

/** Of a permission that is in the token, the call is refused while the consent is young, or by something else than permissions. */
export const permissionRemedy = (need: Need, around: Around): Remedy => {
  const { granted } = permissionOf(need, around.granted);
  const owner = around.registrant;
  const link = around.permissionsUrl;
  if (granted === true)
    return {
      code: 'permission_refused',
      owner: 'customer_it',
      todo: `${need.name} is granted, but the call is refused. Check again in some minutes, as consent takes time to arrive; if it stays, grant admin consent again.`,
      link,
    };
  const then =
    owner === 'your_team'
      ? 'then have an administrator of the tenant follow a new consent link'
      : 'then grant admin consent';
  return {
    code: 'permission_missing',
    owner,
    todo: `Add the application permission ${need.name} of Microsoft Graph to the app registration (API permissions), ${then}. Consent that was just given can take some minutes to arrive.`,
    link,
  };
};

/** Graph refuses by 403, or answers 200 and hides what it would not show. */
const isDenial = (error: SourceError): boolean =>
  (error instanceof GraphRefusal && error.status === 403) ||
  error.code === 'PropertiesHidden' ||
  error.code === 'MembersHidden';

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError';

const tookTooLong = (cause: unknown): SourceError =>
  new SourceError('unavailable', 'The tenant did not answer in the time that a check has.', {
    cause,
    code: 'check_timed_out',
  });
