/** The page's style: one column, the reader's own light or dark theme, black on white on paper. */
export const styleSheet = `
:root{--ink:#202124;--soft:#5f6368;--page:#fff;--box:#f6f7f9;--line:#dfe2e6;--accent:#0b62a4;--warn:#8a3b00;--warn-box:#fff3e6;
--c-comment:#5f6b76;--c-string:#0a6e46;--c-number:#96420c;--c-keyword:#7a2c9b;--c-type:#0b62a4;--c-call:#8a5300}
@media (prefers-color-scheme:dark){:root{--ink:#e3e5e8;--soft:#a3a9b1;--page:#16181b;--box:#202328;--line:#363b42;--accent:#7cbcf5;--warn:#ffc48a;--warn-box:#3a2a18;
--c-comment:#929aa4;--c-string:#8fd6b0;--c-number:#f0b07a;--c-keyword:#d5a8ec;--c-type:#8cc4f5;--c-call:#e8c77e}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0 auto;padding:24px 20px 80px;max-width:1020px;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:30px;line-height:1.25;margin:28px 0 12px}h2{font-size:22px;line-height:1.3;margin:40px 0 8px}h3{font-size:18px;margin:28px 0 6px}
p{margin:10px 0}a{color:var(--accent)}img{max-width:100%;height:auto}
blockquote{margin:12px 0;padding:0 16px;border-left:3px solid var(--line);color:var(--soft)}
main table{border-collapse:collapse;font-size:14px;display:block;overflow-x:auto}
main th,main td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
main th{font-weight:600}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13.5px}
:not(pre)>code{background:var(--box);padding:1px 5px;border-radius:4px}
pre{margin:10px 0;padding:12px 14px;background:var(--box);border-radius:6px;overflow:auto;line-height:1.5;white-space:pre-wrap;tab-size:2}
header{border-bottom:1px solid var(--line);padding-bottom:12px;display:flex;flex-wrap:wrap;gap:4px 20px;align-items:baseline;font-size:14px}
.warning{flex-basis:100%;margin:0 0 6px;padding:8px 12px;background:var(--warn-box);color:var(--warn);border-radius:6px;font-weight:600}
.about{margin:0;color:var(--soft);flex:1}
.switch{position:absolute;opacity:0;pointer-events:none}
.toggle{cursor:pointer;color:var(--accent);text-decoration:underline;text-underline-offset:2px}
.toggle::after{content:"Hide code"}#hide-code:checked~header .toggle::after{content:"Show code"}
#hide-code:focus-visible~header .toggle{outline:2px solid var(--accent);outline-offset:2px}
#hide-code:checked~main .code{display:none}
nav{margin:14px 0;font-size:14px}nav ul{list-style:none;margin:6px 0;padding:0 0 0 4px}nav .level-3{padding-left:18px}nav a{text-decoration:none}
summary{cursor:pointer;color:var(--soft)}
main details{margin:10px 0;padding:0 0 0 2px}
.cell{margin:14px 0}
.code{position:relative;margin:0 0 6px}.code pre{margin:0;border-left:3px solid var(--line)}
.code .count{position:absolute;right:8px;top:6px;font:11px ui-monospace,"DejaVu Sans Mono",monospace;color:var(--soft);opacity:.8}
.output{margin:8px 0;overflow-x:auto}
.output pre{background:none;padding:2px 0;margin:2px 0;max-height:420px}
.output pre.stderr{color:var(--soft)}
.output pre.error{padding:10px 14px;border-left:3px solid #d55e00;background:var(--warn-box)}
.note{color:var(--soft);font-size:14px}
.figure{overflow:hidden}.figure>img{display:block;width:760px}
.tok-comment{color:var(--c-comment);font-style:italic}.tok-string{color:var(--c-string)}.tok-number{color:var(--c-number)}
.tok-keyword{color:var(--c-keyword)}.tok-type{color:var(--c-type)}.tok-call{color:var(--c-call)}
.ansi-bold{font-weight:700}.ansi-faint{opacity:.7}.ansi-italic{font-style:italic}.ansi-underline{text-decoration:underline}
.ansi-black{color:#6a6f76}.ansi-red{color:#d9482b}.ansi-green{color:#1c8a4c}.ansi-yellow{color:#a67c00}.ansi-blue{color:#2f7fd0}.ansi-magenta{color:#b052c0}.ansi-cyan{color:#14879b}.ansi-white{color:#8d939b}
.ansi-on-black{background:#6a6f7640}.ansi-on-red{background:#d9482b40}.ansi-on-green{background:#1c8a4c40}.ansi-on-yellow{background:#a67c0040}.ansi-on-blue{background:#2f7fd040}.ansi-on-magenta{background:#b052c040}.ansi-on-cyan{background:#14879b40}.ansi-on-white{background:#8d939b40}
@media print{:root{--ink:#000;--soft:#444;--page:#fff;--box:#f6f7f9;--line:#ccc;--accent:#000;--warn:#000;--warn-box:#fff;
--c-comment:#555;--c-string:#0a5a3a;--c-number:#7a3408;--c-keyword:#5c2175;--c-type:#084a7c;--c-call:#6b4000}
body{max-width:none;padding:0;font-size:11pt}.toggle,nav,.modebar{display:none!important}
.warning{border:1px solid #000}.output,.figure,tr,img{break-inside:avoid}h1,h2,h3{break-after:avoid}.output pre{max-height:none;overflow:visible}a{text-decoration:none}}
`;
