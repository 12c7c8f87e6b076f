/** The report of a connection test, of a source or a target. */

export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };
export type CheckReport = { readonly ok: boolean; readonly checks: readonly Check[] };
