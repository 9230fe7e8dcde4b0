/** The study's page. It is the same for every study: what is shown comes as data, and is put in as text. */

export const pageHtml: string = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>Reader study</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body>
<header>
<div class="line">
<h1 id="title">Reader study</h1>
<p id="reader"></p>
<p id="count"></p>
</div>
<progress id="progress" max="1" value="0" aria-label="Items rated"></progress>
</header>
<main id="main">
<section id="intro" hidden>
<p id="intro-part" class="small"></p>
<h2 id="intro-title"></h2>
<p id="intro-text"></p>
<ol id="intro-anchors"></ol>
<p>One key is one rating. It is saved before the next item comes, and you can stop at any time: the same command goes on where you were.</p>
<p class="statement">Some of these images are synthetic. None of them is for diagnosis.</p>
<p><button type="button" id="begin" class="main">Begin <kbd>Enter</kbd></button></p>
</section>
<section id="item" aria-label="Item" hidden>
<div id="stage"></div>
<div id="ask">
<h2 id="question"></h2>
<div id="answers" role="group" aria-labelledby="question"></div>
</div>
</section>
<section id="done" hidden>
<h2>Thank you</h2>
<p id="done-text"></p>
<p>Until you end it, <kbd>U</kbd> takes the last rating back, and <kbd>←</kbd> shows the items again.</p>
<p><button type="button" id="end" class="main">End the study</button></p>
</section>
<section id="over" hidden>
<h2>The study has ended</h2>
<p>Your ratings are saved. You can close this page.</p>
</section>
</main>
<p id="problem" role="alert" hidden></p>
<footer>
<p class="statement">Some of these images are synthetic; none is for diagnosis.</p>
<p id="keys"><span><kbd>1</kbd>–<kbd>5</kbd> rate</span> <span><kbd>←</kbd> <kbd>→</kbd> look back and on</span> <span><kbd>U</kbd> take back</span> <span><kbd>+</kbd> <kbd>−</kbd> zoom</span> <span><kbd>S</kbd> smooth</span> <span id="zoom"></span></p>
</footer>
<p id="status" class="unseen" role="status" aria-live="polite"></p>
</body>
</html>
`;
