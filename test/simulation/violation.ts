/** A promise that was broken, by the name it has in docs/reliability.md. */

export type Violation = { readonly invariant: string; readonly what: string };
