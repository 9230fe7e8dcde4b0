/** The page's look: a reading room, dark and quiet, so that the images are what is bright. */

export const pageStyle: string = `
:root { --page: #07090b; --panel: #12161b; --edge: #262d35; --ink: #d5dbe1; --quiet: #8d98a5; --light: #e9b567; --bad: #f0806a; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { height: 100%; }
body { margin: 0; display: flex; flex-direction: column; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1, h2, p { margin: 0; }
h1 { font-size: 15px; font-weight: 600; }
h2 { font-size: 20px; font-weight: 500; }
.small, #reader, footer { color: var(--quiet); font-size: 13px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
header .line { display: flex; gap: 16px; align-items: baseline; padding: 10px 24px 8px; }
#count { margin-left: auto; font-variant-numeric: tabular-nums; font-size: 15px; }
progress { display: block; width: 100%; height: 3px; border: 0; background: var(--edge); appearance: none; }
progress::-webkit-progress-bar { background: var(--edge); }
progress::-webkit-progress-value { background: var(--light); transition: width 0.2s; }
progress::-moz-progress-bar { background: var(--light); }
main { flex: 1; min-height: 0; display: flex; flex-direction: column; }
#intro, #done, #over { margin: auto; width: min(660px, 100%); max-height: 100%; overflow: auto; padding: 24px; display: flex; flex-direction: column; gap: 16px; }
#intro h2, #done h2, #over h2 { font-size: 30px; font-weight: 400; }
#intro-anchors { margin: 0; padding: 0; list-style: none; display: grid; gap: 6px; }
#intro-anchors li { display: flex; gap: 12px; align-items: baseline; }
.statement { color: var(--quiet); }
#intro .statement { border-left: 3px solid var(--light); padding-left: 12px; color: var(--ink); }
#item { flex: 1; min-height: 0; display: flex; flex-direction: column; }
#stage { flex: 1; min-height: 0; display: flex; justify-content: safe center; align-items: safe center; gap: 28px; padding: 16px 24px; overflow: auto; }
figure { margin: 0; flex: none; display: flex; flex-direction: column; align-items: center; gap: 6px; }
figure img { display: block; background: #000; image-rendering: pixelated; outline: 1px solid var(--edge); }
#stage.smooth img { image-rendering: auto; }
figcaption { color: var(--quiet); font-size: 13px; letter-spacing: 0.04em; }
blockquote { margin: 0; max-width: 26em; max-height: 100%; overflow: auto; padding: 4px 0 4px 20px; border-left: 3px solid var(--edge);
  font-size: 21px; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
#stage.reports { justify-content: center; align-items: stretch; }
.images { flex: 2; min-width: 0; display: flex; flex-direction: column; align-items: center; justify-content: safe center; gap: 16px; overflow: auto; }
.texts { flex: 3; min-width: 0; max-width: 60em; display: grid; grid-template-columns: 1fr 1fr; gap: 20px 28px; overflow: auto; align-content: safe center; }
.texts section:first-child:nth-last-child(3) { grid-column: 1 / -1; }
.texts h3 { margin: 0 0 6px; font-size: 13px; font-weight: 600; color: var(--quiet); letter-spacing: 0.04em; }
.texts blockquote { font-size: 17px; max-height: none; }
#ask { padding: 12px 24px 16px; border-top: 1px solid var(--edge); background: var(--panel); text-align: center; }
#ask h2 { margin-bottom: 12px; }
#answers { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 10px; max-width: 1080px; margin: 0 auto; }
button { font: inherit; color: var(--ink); background: #1b2129; border: 1px solid #37414c; border-radius: 8px; cursor: pointer; }
#answers button { display: flex; flex-direction: column; gap: 4px; align-items: center; padding: 10px 8px; min-height: 74px; line-height: 1.25; }
button:hover { background: #252d37; border-color: #566372; }
button:focus-visible { outline: 2px solid var(--light); outline-offset: 2px; }
button[aria-pressed="true"], button.main { background: var(--light); border-color: var(--light); color: #1a1305; }
button[aria-pressed="true"] kbd, button.main kbd { border-color: #7a5a25; color: #1a1305; }
button:disabled { cursor: progress; }
button.main { padding: 10px 20px; font-weight: 600; }
kbd { display: inline-block; min-width: 1.7em; padding: 0 5px; border: 1px solid #4a5562; border-radius: 4px; font: 600 12px/1.6 system-ui, sans-serif; text-align: center; color: var(--quiet); }
#problem { margin: 0; padding: 10px 24px; background: #33150f; color: var(--bad); }
footer { display: flex; flex-wrap: wrap; gap: 4px 24px; justify-content: space-between; padding: 8px 24px; background: var(--panel); border-top: 1px solid var(--edge); }
#keys span { margin-left: 14px; white-space: nowrap; }
@media (max-width: 760px) {
  #answers { gap: 6px; }
  #answers button { font-size: 13px; padding: 6px 2px; }
  #stage { gap: 10px; padding: 8px; }
  #stage.text, #stage.reports { flex-direction: column; }
  .texts { grid-template-columns: 1fr; }
  #keys { display: none; }
}
@media (prefers-reduced-motion: reduce) { progress::-webkit-progress-value { transition: none; } }
`;
