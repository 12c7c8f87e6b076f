/** The pages that people of a customer see. Plain HTML; what a script adds is a comfort, and nothing is lost without it. */

import { createHash } from 'node:crypto';
import { type Html, html, noHtml } from './html.ts';
import { script, style } from './page-assets.ts';

export type Page = { readonly title: string; readonly paragraphs: readonly string[] };

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The one style is named by its digest; nothing else may be loaded, framed or sent anywhere. */
export const pageSecurityPolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The same for a page with forms, which send what is filled in to this server alone, and the one script. */
export const formSecurityPolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const htmlOf = ({ title, paragraphs }: Page): string =>
  documentOf(
    title,
    html`<h1>${title}</h1>
${paragraphs.map((text) => html`<p>${text}</p>\n`)}`,
  );

export const documentOf = (title: string, body: Html, scripted: 'with script' | 'without' = 'without'): string =>
  `${
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${{ markup: style }}</style></head>
<body><main>${body}</main>${scripted === 'without' ? noHtml : html`<script>${{ markup: script }}</script>`}</body></html>`
      .markup
  }\n`;
