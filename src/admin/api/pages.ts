/** The pages that an administrator of a customer sees. Plain HTML without scripts; whatever is shown is escaped. */

import { createHash } from 'node:crypto';

export type Page = { readonly title: string; readonly paragraphs: readonly string[] };

const style =
  'body{font:1.1em/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em;color:#1b1b1b;background:#fff}h1{font-size:1.4em}';
const styleHash = createHash('sha256').update(style).digest('base64');

/** The one style is named by its digest; nothing else may be loaded, framed or sent anywhere. */
export const pageSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const htmlOf = ({ title, paragraphs }: Page): string =>
  [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${style}</style></head>`,
    `<body><main><h1>${escaped(title)}</h1>`,
    ...paragraphs.map((text) => `<p>${escaped(text)}</p>`),
    '</main></body></html>\n',
  ].join('\n');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? '');
