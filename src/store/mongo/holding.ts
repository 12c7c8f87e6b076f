/** Documents whose text holds an id somewhere. It looks at every text in the range, so it is for the few questions about one person. */

/** An id holds letters, digits and dashes; whatever else it held would be taken literally. */
export const holding = (id: string): { readonly $regex: string } => ({
  $regex: id.replaceAll(/[^0-9a-zA-Z-]/g, '\\$&'),
});
