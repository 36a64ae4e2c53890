/** Okabe and Ito's colours, which colour-blind readers can tell apart, made darker or lighter for the two grounds. */
const LIGHT = ['#0072b2', '#d55e00', '#00815e', '#b34d86', '#7a5c00', '#3d8fc4', '#6a3d9a', '#555555'];
const DARK = ['#56b4e9', '#f0923e', '#35c79b', '#e59cc4', '#d9c34a', '#9ccff2', '#b99be0', '#bbbbbb'];

const variables = (colours: readonly string[]): string =>
  colours.map((colour, i) => `--series-${i}: ${colour};`).join(' ');

/** The whole look of the page; nothing is fetched. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --panel: #f6f7f9; --ink: #1f2937; --quiet: #4b5563; --rule: #c9ced6; --held: #06754f; --failed: #b3261e; --link: #0067a3; ${variables(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --panel: #1e2229; --ink: #e5e7eb; --quiet: #a8b0bb; --rule: #444c58; --held: #4fc79a; --failed: #ff8a80; --link: #7cc4f2; ${variables(DARK)} } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 1300px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2em 0 .7em; padding-bottom: .25em; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0 0 .4em; overflow-wrap: anywhere; }
a { color: var(--link); } p, li { max-width: 90ch; overflow-wrap: anywhere; }
.about, figcaption, .remark { color: var(--quiet); font-size: .88rem; margin: 4px 0 0; }
.metrics { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 10px; margin: 20px 0; padding: 0; }
.metrics div { background: var(--panel); border-radius: 6px; padding: 9px 13px; min-width: 0; }
.metrics dt { color: var(--quiet); font-size: .82rem; overflow-wrap: anywhere; } .metrics dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.verdict { border-left: 4px solid var(--held); background: var(--panel); border-radius: 0 6px 6px 0; padding: 9px 15px; margin: 10px 0; } .verdict.failed { border-color: var(--failed); }
.verdict strong { color: var(--held); } .verdict.failed strong { color: var(--failed); } .verdict p { margin: 2px 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(540px, 100%), 1fr)); gap: 26px 28px; grid-auto-flow: dense; }
figure { margin: 0; min-width: 0; } figure svg { display: block; width: 100%; height: auto; max-width: 680px; } figure.wide { grid-column: 1 / -1; } .wide svg { max-width: 100%; } .chart { overflow-x: auto; } .chart svg { min-width: 440px; } .wide .chart svg { min-width: 860px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; margin: 0 0 4px; padding: 0; font-size: .85rem; max-height: 8.2em; overflow-y: auto; }
.legend svg { display: inline-block; width: 22px; height: 10px; min-width: 0; margin-right: 6px; vertical-align: middle; }
.scroll { overflow: auto; max-height: 620px; border: 1px solid var(--rule); border-radius: 6px; }
section.table { margin: 0 0 30px; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; width: max-content; min-width: 100%; }
th { position: sticky; top: 0; background: var(--panel); text-align: left; vertical-align: bottom; font-weight: 600; }
th button { all: unset; cursor: pointer; display: block; padding: 6px 12px; } th button:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
th .unit { color: var(--quiet); font-weight: 400; } th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
td { padding: 3px 12px; white-space: nowrap; border-top: 1px solid var(--rule); } td.text { max-width: 60ch; white-space: normal; overflow-wrap: anywhere; }
.number { text-align: right; } .none { color: var(--quiet); } td svg { width: 90px; height: 18px; vertical-align: middle; }
`;
