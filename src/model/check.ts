/** The report of a connection test, of a source or a target: a checklist of what was found, and what somebody has to do about it. */

import type { ResolutionOwner } from './connection.ts';

/** What is to be done about a finding, who does it, and the page where it is done, if there is one. */
export type Remedy = {
  readonly code: string;
  readonly owner: ResolutionOwner;
  readonly todo: string;
  readonly link: string | null;
};

/** A permission that a line is about; the least privileged one that does. */
export type Permission = {
  readonly name: string;
  readonly why: string;
  /** Whether the token names it, or one that includes it; null when the token cannot be read. */
  readonly granted: boolean | null;
  /** Others that allow it as well. */
  readonly alternatives: readonly string[];
};

/** Passed; passed though somebody should do something (`ok` with a remedy); or failed. */
export type Check = {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: Remedy;
  readonly permission?: Permission;
};
/** `directoryId`: of the tenant whose login service gave a token, as that names it. */
export type CheckReport = { readonly ok: boolean; readonly checks: readonly Check[]; readonly directoryId?: string };
