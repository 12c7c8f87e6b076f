/** The style of the pages, and their one script. Both stand in the page and are allowed by their digest. */

export const style = [
  ':root{color-scheme:light dark;--line:#c9ced6;--soft:#f4f6f8;--text:#1b1f24;--mild:#57606a;--act:#0b5cad;--good:#116329;--bad:#b3261e;--warn:#8a5300;--page:#fff}',
  '@media(prefers-color-scheme:dark){:root{--line:#3d444d;--soft:#1c2128;--text:#e6edf3;--mild:#9da7b3;--act:#6cb6ff;--good:#57ab5a;--bad:#ff7b72;--warn:#daaa3f;--page:#0f1318}}',
  'body{font:1.05em/1.5 system-ui,sans-serif;max-width:44em;margin:3em auto;padding:0 1em;color:var(--text);background:var(--page)}',
  'h1{font-size:1.5em;line-height:1.25}h2{font-size:1.15em;margin:0 0 .5em}p,ul,ol{margin:.5em 0}',
  'section{border:1px solid var(--line);border-radius:.5em;padding:1em 1.2em;margin:1.2em 0}',
  '.mild{color:var(--mild);font-size:.92em}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}',
  'table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35em .6em .35em 0;border-bottom:1px solid var(--line)}td:first-child{white-space:nowrap}@media(max-width:36em){td:first-child{white-space:normal}}',
  'code{font:.95em ui-monospace,monospace;background:var(--soft);padding:.1em .3em;border-radius:.25em;overflow-wrap:anywhere}',
  'label{display:block;font-weight:600;margin:.8em 0 .2em}fieldset{border:1px solid var(--line);border-radius:.4em;margin:1em 0}legend{font-weight:600}',
  'fieldset label.choice{font-weight:400;margin:.2em 0}',
  'input:not([type=radio]):not([type=checkbox]),textarea{box-sizing:border-box;width:100%;font:inherit;padding:.45em;border:1px solid var(--mild);border-radius:.3em;color:inherit;background:var(--page)}',
  'input[aria-invalid],textarea[aria-invalid]{border-color:var(--bad)}',
  'button,a.button{display:inline-block;font:inherit;padding:.45em 1em;border:1px solid var(--act);border-radius:.35em;background:var(--act);color:var(--page);text-decoration:none;cursor:pointer}',
  'button.copy{font-size:.85em;padding:.1em .6em;margin-left:.4em;background:none;color:var(--act)}',
  'a{color:var(--act)}:focus-visible{outline:3px solid var(--act);outline-offset:2px}[hidden]{display:none}',
  '.lines{list-style:none;padding:0}.lines li{padding:.5em 0;border-bottom:1px solid var(--line)}.mark{display:inline-block;width:1.5em;font-weight:700}',
].join('\n');

/** Copies values, and reads a certificate file. What needs it is hidden until it runs. */
export const script = [
  "'use strict';",
  'for (const button of document.querySelectorAll("button[data-copy]")) {',
  '  if (!navigator.clipboard) continue;',
  '  button.hidden = false;',
  '  button.addEventListener("click", async () => {',
  '    await navigator.clipboard.writeText(button.dataset.copy);',
  '    button.textContent = "Copied";',
  '  });',
  '}',
  'const file = document.querySelector("input[type=file]");',
  'if (file) {',
  '  document.getElementById("with-file").hidden = false;',
  '  file.addEventListener("change", () => {',
  '    const reader = new FileReader();',
  '    reader.addEventListener("load", () => {',
  '      document.getElementById("pfx").value = String(reader.result).split(",")[1] || "";',
  '    });',
  '    if (file.files[0]) reader.readAsDataURL(file.files[0]);',
  '  });',
  '}',
].join('\n');
