import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { tokenGraph } from 'roentgen-lab/display';
import { radGraphPicture } from 'roentgen-lab/systems';

const span = (at: number, label: string, certainty?: 'absent' | 'uncertain') => ({
  start: at,
  end: at,
  label,
  kind: 'observation',
  ...(certainty && { certainty }),
});
const parse = (html: unknown): Document => new JSDOM(String(html)).window.document;

test('boxes, arcs, absence and doubt are drawn, and told where the pointer rests', () => {
  const shown = tokenGraph(
    ['No', 'small', '<b>edema</b>', '.', 'Possible', 'effusion'],
    [span(1, 'OBS-DA', 'absent'), span(2, 'OBS-DA', 'absent'), span(5, 'OBS-U', 'uncertain')],
    [{ from: 0, to: 1, label: 'modify' }],
    ['anatomy', 'observation'],
  ).bundle();
  const page = parse(shown['text/html']);
  assert.equal(page.querySelectorAll('rect').length, 3);
  assert.equal(page.querySelectorAll('line').length, 2, 'what is absent is struck out');
  assert.equal(page.querySelectorAll('b').length, 0, 'words of a report are never markup');
  const titles = [...page.querySelectorAll('title')].map((each) => each.textContent);
  assert.ok(titles.includes('small modify <b>edema</b>'), titles.join('; '));
  assert.ok(titles.includes('effusion: OBS-U (observation, uncertain)'));
  assert.match(page.body.textContent!, /dashed and struck out: absent; dotted, with a question mark: uncertain/);
  assert.equal(
    shown['text/plain'],
    'No [small: OBS-DA, absent; modify <b>edema</b>] [<b>edema</b>: OBS-DA, absent] . Possible [effusion: OBS-U, uncertain]',
  );
  assert.throws(() => tokenGraph(['a'], [span(1, 'x')], [], ['observation']), /start <= end < 1/);
  assert.throws(
    () => tokenGraph(['a'], [span(0, 'x')], [{ from: 0, to: 1, label: 'y' }], ['observation']),
    /leads from 0 to 1; there are 1/,
  );
});

test('a long report breaks into lines, an arc over a break has two pieces, and arcs and labels of a line do not meet', () => {
  const count = 120;
  const tokens = Array.from({ length: count }, (_, i) => `word${i}`);
  const spans = tokens.map((_, i) => span(i, 'OBS-DP'));
  const arcs = [
    ...Array.from({ length: count - 1 }, (_, i) => ({ from: i, to: i + 1, label: 'located_at' })),
    { from: 0, to: count - 1, label: 'modify' },
  ];
  const page = parse(tokenGraph(tokens, spans, arcs, ['observation']).bundle()['text/html']);
  const words = [...page.querySelectorAll('text')].filter((each) => each.textContent!.startsWith('word'));
  const lines = new Set(words.map((each) => each.getAttribute('y')));
  assert.ok(lines.size > 5);
  const pieces = page.querySelectorAll('g.rg-arc');
  assert.equal(pieces.length, arcs.length + lines.size, 'each line break but the last is crossed once, and the long arc leaves and enters');
  const labels = [...page.querySelectorAll('g.rg-arc text')].map((each) => ({
    y: each.getAttribute('y')!,
    x: Number(each.getAttribute('x')),
    width: each.textContent!.length * 5,
  }));
  for (const { x, width } of labels) assert.ok(x >= width / 2 && x + width / 2 <= 108 * 7.8, `a label leaves its line at ${x}`);
  for (const a of labels)
    for (const b of labels)
      if (a !== b && a.y === b.y) assert.ok(Math.abs(a.x - b.x) >= (a.width + b.width) / 2, `labels meet at ${a.x} and ${b.x}`);
});

test('labels below neighbouring boxes do not meet, nor leave the drawing', () => {
  const spans = Array.from({ length: 60 }, (_, i) => ({
    ...span(i, 'OBS-DP', i % 3 === 0 ? 'uncertain' : undefined),
    ...(i % 2 === 0 && { note: '≠ OBS-DA' }),
  }));
  const page = parse(
    tokenGraph(
      spans.map(() => 'rib'),
      spans,
      [],
      ['observation'],
    ).bundle()['text/html'],
  );
  const right = page.querySelector('svg')!.getAttribute('viewBox')!.split(' ').map(Number);
  const labels = [...page.querySelectorAll('g.rg-span > text')].map((each) => {
    const reach = ([...each.textContent!].length * 4.8) / 2; // a monospaced character of 8 px is 4.8 wide
    const x = Number(each.getAttribute('x'));
    return { y: each.getAttribute('y')!, from: x - reach, to: x + reach };
  });
  assert.equal(labels.length, 60);
  for (const [i, { y, from, to }] of labels.entries()) {
    assert.ok(from >= right[0]! && to <= right[0]! + right[2]!, `${from} to ${to}`);
    const next = labels[i + 1];
    if (next?.y === y) assert.ok(next.from > to, `${i}: ${to} and ${next.from}`);
  }
});

test("an annotated report's picture has its classes", () => {
  const page = parse(
    radGraphPicture({
      text: 'No left effusion',
      entities: {
        '7': { tokens: 'left', label: 'Anatomy::definitely present', start_ix: 1, end_ix: 1, relations: [] },
        '9': { tokens: 'effusion', label: 'OBS-DA', start_ix: 2, end_ix: 2, relations: [['located_at', '7']] },
      },
    }).bundle()['text/html'],
  );
  const titles = [...page.querySelectorAll('title')].map((each) => each.textContent);
  assert.deepEqual(titles.sort(), [
    'effusion located_at left',
    'effusion: OBS-DA (observation, absent)',
    'left: Anatomy::definitely present (anatomy)',
  ]);
});
