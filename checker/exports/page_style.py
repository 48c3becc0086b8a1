"""The look of all pages: readable on a screen, in the dark, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d9dfe5; --paper: #fff; --band: #f4f6f8;
  --passed: #1a7f4b; --failed: #b3261e; --skipped: #8a6100; --broken: #7b3fa0; --bar: #2f6fab;
  --line-0: #2f6fab; --line-1: #b8501a; --line-2: #2a7d4f; --line-3: #8e4fa8; --line-4: #7d6400; --line-5: #b0305c; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #a3afba; --line: #3a434c; --paper: #15191d;
  --band: #1f252b; --passed: #5cc48d; --failed: #f28b82; --skipped: #e0b44c; --broken: #c99be6; --bar: #6aa7dd;
  --line-0: #6aa7dd; --line-1: #f0935a; --line-2: #5cc48d; --line-3: #c99be6; --line-4: #d9b93c; --line-5: #f07fa8; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); } .small { font-size: .875rem; }
.head { display: flex; flex-wrap: wrap; gap: 1rem 2rem; justify-content: space-between; align-items: end;
  border-bottom: 2px solid var(--line); padding-bottom: 1rem; }
.score { font-size: 2rem; font-weight: 650; white-space: nowrap; } .score small { font-size: 1rem; font-weight: 400; }
.notice { border-left: 4px solid var(--skipped); background: var(--band); padding: .5rem .8rem; margin: .8rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; } th { overflow-wrap: normal; white-space: nowrap; } td.why { min-width: 15rem; }
td.what { min-width: 19rem; } td.bar { min-width: 96px; } td.who { min-width: 12rem; }
td.number, th.number { text-align: right; white-space: nowrap; }
.wide { overflow-x: auto; } .wide svg { min-width: 40rem; } .wide td svg { min-width: 0; } figure { margin: .8rem 0 1.2rem; }
figcaption { color: var(--soft); font-size: .875rem; } .shade { fill: var(--bar); fill-opacity: .22; }
ul.plain { list-style: none; margin: 0; padding: 0; } code { overflow-wrap: anywhere; }
.check { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem; margin: .5rem 0; break-inside: avoid; }
.check .line { display: flex; gap: .7rem; align-items: baseline; } .check .title { flex: 1; overflow-wrap: anywhere; }
.word { font-weight: 650; min-width: 5.2rem; white-space: nowrap; }
.passed { color: var(--passed); } .failed { color: var(--failed); } .skipped { color: var(--skipped); }
.broken { color: var(--broken); }
dl { display: grid; grid-template-columns: 5.5rem 1fr; gap: .15rem .7rem; margin: .5rem 0 0; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dd, code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .85rem; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
a { color: var(--bar); } .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.pair pre { overflow-x: auto; background: var(--band); padding: .6rem; margin: 0; white-space: pre-wrap;
  overflow-wrap: anywhere; } mark { background: #ffe08a; color: #222; }
@media (max-width: 34rem) { .check .line { flex-wrap: wrap; } .check .title { order: 1; flex-basis: 100%; }
  .check .line > :last-child { margin-left: auto; } dl { grid-template-columns: 1fr; } dt { margin-top: .3rem; }
  .pair { grid-template-columns: 1fr; } td.what, td.why, td.who { min-width: 10rem; } }
@media print { .wide { overflow: visible; } .wide svg, td.what, td.why, td.who { min-width: 0; } @page { margin: 14mm; } body { max-width: none; padding: 0; font-size: 11pt; } .check { border-color: #bbb; }
  .check, tr, svg { break-inside: avoid; } h2, h3 { break-after: avoid; } * { print-color-adjust: exact; } }
"""
