/** A bug that is put into the product on purpose, to see whether a simulation finds it. The files of the product stay as they are. */

export type Edit = {
  readonly file: string;
  /** Is in the file exactly once. */
  readonly from: string;
  readonly to: string;
};

export type Mutant = {
  readonly name: string;
  /** The bug in one sentence. */
  readonly what: string;
  readonly edits: readonly Edit[];
};
