/** Bars as a picture that can be read on light and dark pages. */

export type Bar = { readonly label: string; readonly value: number; readonly text: string; readonly ours: boolean };

const width = 760;
const labelWidth = 290;
const rowHeight = 30;
const top = 52;

export const barsOf = (title: string, unit: string, bars: readonly Bar[]): string => {
  const height = top + bars.length * rowHeight + 16;
  const longest = Math.max(...bars.map(({ value }) => value));
  const scale = (width - labelWidth - 120) / longest;
  const rows = bars.map(({ label, value, text, ours }, row) => {
    const y = top + row * rowHeight;
    const length = Math.max(2, Math.round(value * scale));
    return `  <text x="${labelWidth - 12}" y="${y + 17}" text-anchor="end">${escaped(label)}</text>
  <rect class="${ours ? 'ours' : 'other'}" x="${labelWidth}" y="${y + 3}" width="${length}" height="20" rx="3"/>
  <text class="small" x="${labelWidth + length + 8}" y="${y + 18}">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escaped(title)}</title>
  <desc id="desc">${escaped(bars.map(({ label, text }) => `${label}: ${text}`).join('. '))}.</desc>
  <style>
    text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933; }
    .head { font-weight: 600; font-size: 15px; }
    .small { font-size: 12.5px; fill: #52606d; }
    .ours { fill: #2f7fc1; }
    .other { fill: #b8c2cc; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb; }
      .small { fill: #9fb3c8; }
      .ours { fill: #5aa6e0; }
      .other { fill: #56616d; }
    }
  </style>
  <text class="head" x="12" y="22">${escaped(title)}</text>
  <text class="small" x="12" y="40">${escaped(unit)}</text>
${rows.join('\n')}
</svg>
`;
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
