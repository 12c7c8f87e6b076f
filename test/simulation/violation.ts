/** A promise that was broken, by the name it has in docs/reliability.md. */

export type Violation = { readonly invariant: string; readonly what: string };

/** Not a promise: the program itself is wrong. Whatever else goes wrong in such a run says nothing. */
export const crash = 'crash';

/** The engine threw, or the run broke off. `what`: which of them. */
export const thrown = (what: string, error: unknown): Violation => ({
  invariant: isProgramFault(error) ? crash : 'I9',
  what: `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
});

const isProgramFault = (error: unknown): boolean =>
  error instanceof ReferenceError || error instanceof TypeError || error instanceof SyntaxError;
