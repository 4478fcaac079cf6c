"""The style of a report's page, light or dark as the reader's system is, and the few lines of its script."""

STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1b1b1b; --muted: #4d4d4d; --card: #f1f1f1; --bar: #1d5fa8;
  --link: #0b4f9e; --code: #e2e2e2; }
@media (prefers-color-scheme: dark) { :root { --page: #111; --text: #eee; --muted: #b8b8b8; --card: #1d1d1d;
  --bar: #69b1ff; --link: #9cf; --code: #2c2c2c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2rem 0 .5rem; font-size: 1.25rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .25rem 0; }
section { scroll-margin-top: 1rem; }
.exhibits { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1rem; }
figure { flex: 1 1 19rem; min-width: 0; max-width: 33.5rem; margin: 0; padding: .75rem; border-radius: .5rem;
  background: var(--card); }
figure.wide { flex-basis: 100%; max-width: none; }
figcaption { margin-bottom: .5rem; }
.pictures { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); }
.strip { display: flex; flex-wrap: wrap; gap: .5rem; align-items: flex-start; }
.strip > div { flex: 0 1 auto; min-width: 0; max-width: 100%; }
img { display: block; max-width: 100%; height: auto; border-radius: 3px; }
.strip small { max-width: 10rem; }
small { display: block; margin-top: .25rem; color: var(--muted); font-size: .875rem; line-height: 1.3; }
.command { display: flex; flex-wrap: wrap; gap: .5rem; align-items: flex-start; max-width: none; }
code { font: .8125rem/1.5 ui-monospace, monospace; }
.command code { flex: 1 1 12rem; min-width: 0; padding: .25rem .5rem; border-radius: 3px; background: var(--code);
  user-select: all; white-space: pre-wrap; }
button { padding: .25rem .75rem; border: 1px solid var(--muted); border-radius: 3px; background: var(--page);
  color: var(--text); font: inherit; font-size: .875rem; cursor: pointer; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { width: 100%; max-width: 40rem; border-collapse: collapse; }
caption { padding-bottom: .25rem; color: var(--muted); text-align: left; }
th, td { padding: .15rem .5rem .15rem 0; font-weight: normal; text-align: left; vertical-align: middle; }
td:last-child { width: 4rem; text-align: right; font-variant-numeric: tabular-nums; }
.bar { width: 50%; }
.bar span { display: block; height: .8rem; min-width: 1px; border-radius: 2px; background: var(--bar); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.left-out { color: var(--muted); }
@media print { body { background: none; color: #000; } figure { break-inside: avoid; background: none; }
  button { display: none; } }
"""
"""The text has a contrast of at least 7 to what is behind it, also in code, labels and notes."""

SCRIPT = """
for (const button of document.querySelectorAll(".command button")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
"""
"""Without it the command lines are text to select, and there are no buttons."""
