/** Text that is safe inside an element or a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character] ?? '',
  );

/** The first row is the heading; columns from `numeric` on are set to the right. */
export function htmlTable(table: readonly (readonly string[])[], numeric = Infinity): string {
  const [head = [], ...body] = table;
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    row
      .map((cell, i) => `<${tag}${i >= numeric ? ' class="number"' : ''}>${escapeHtml(cell)}</${tag}>`)
      .join('');
  const rows = body.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `<div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>\n${rows}\n</tbody></table></div>`;
}

export const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;

export const list = (items: readonly string[]): string =>
  `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;

export const figure = (svg: string, caption: string): string =>
  `<figure><div class="scroll">${svg}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`;

const STYLE = `
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1f2937; background: #fff; max-width: 1160px; margin: 0 auto; padding: 24px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 4px; } h2 { font-size: 1.25rem; margin: 2.2em 0 .5em; padding-top: .6em; border-top: 1px solid #e5e7eb; }
h3 { font-size: 1.02rem; margin: 1.4em 0 .3em; } p, li { max-width: 78ch; } .lead { color: #4b5563; margin-top: 0; }
.summary { background: #f3f4f6; border-left: 4px solid #0072B2; padding: 8px 18px; margin: 18px 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; } th { text-align: left; border-bottom: 2px solid #9ca3af; }
th, td { padding: 4px 14px 4px 0; white-space: nowrap; } tbody tr:nth-child(even) { background: #f9fafb; } .number { text-align: right; }
.scroll { overflow-x: auto; } figure { margin: 14px 0 26px; } figure { min-width: 0; } figure svg { display: block; height: auto; max-width: 100%; } figcaption { color: #4b5563; font-size: .88rem; max-width: 90ch; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 8px 24px; } code { font-size: .85em; }
`;

/** A whole document: no script, nothing fetched. */
export const htmlPage = (title: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
