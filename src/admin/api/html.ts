/** HTML that is put together from parts: whatever is no part of it already is text, and is escaped. */

export type Html = { readonly markup: string };
type Part = Html | string | number | readonly Part[];

export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: texts.map((text, nth) => `${text}${nth < parts.length ? markupOf(parts[nth] ?? '') : ''}`).join(''),
});

export const noHtml: Html = { markup: '' };

const markupOf = (part: Part): string => {
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return 'markup' in part ? part.markup : part.map(markupOf).join('');
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? '');
