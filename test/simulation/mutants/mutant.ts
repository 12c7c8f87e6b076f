/** A bug that is put into the product on purpose, to see whether a simulation finds it. The files of the product stay as they are. */

import type { BiasName } from '../bias.ts';

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
  /** What its seeds lean to: what it takes for the bug to show is seldom otherwise. */
  readonly bias?: BiasName;
  /** The layer that makes it harmless, and why nothing shows while that is in its place; with that one off it is looked for first. */
  readonly coveredBy?: { readonly layer: string; readonly why: string };
  /** The layers whose work it spoils: with one of them off there is nothing left to spoil. */
  readonly within?: readonly string[];
};
