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
  /** Others that allow it as well and nothing that is not needed. */
  readonly asGood: readonly string[];
  /** Others that allow it as well, and more than is needed. */
  readonly moreThanNeeded: readonly string[];
};

type Line = { readonly name: string; readonly detail: string; readonly permission?: Permission };

/** Passed; passed though somebody should do something (`ok` with a remedy); or failed, which always says who must act. */
export type Check =
  | (Line & { readonly ok: true; readonly remedy?: Remedy })
  | (Line & { readonly ok: false; readonly remedy: Remedy });
/** `directoryId`: of the tenant whose login service gave a token, as that names it. */
export type CheckReport = { readonly ok: boolean; readonly checks: readonly Check[]; readonly directoryId?: string };
