import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { type Chat, chat } from 'roentgen-lab/display';
import { frontEnd } from './front-end';

const picture = { pixels: new Float32Array(4).fill(0.5), width: 2, height: 2, channels: 1 as const };

/** Says one word after the other, each when it is let go on. */
function speaker(words: readonly string[]) {
  let release: () => void = () => undefined;
  const heard: string[] = [];
  async function* answer(question: string, signal: AbortSignal): AsyncGenerator<string> {
    heard.push(question);
    for (let i = 1; i <= words.length; i++) {
      yield words.slice(0, i).join(' ');
      await new Promise<void>((resolve) => {
        release = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    }
  }
  const next = async (): Promise<void> => {
    release();
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { answer, next, heard };
}

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('words appear as they are made; what is asked and answered is shown as text, whatever it holds', async (t) => {
  const page = frontEnd(t);
  const { answer, next, heard } = speaker(['No', '<b>edema</b>']);
  const dialogue: Chat = chat({ pictures: [picture], answer, questions: ['Is there edema?'] });
  page.open(dialogue);
  assert.ok(page.isDisabled('Stop'));
  const asked = page.submit('  <script>alert(1)</script>?  ');
  await moment();
  assert.match(page.shown(), /<b>&lt;script&gt;alert\(1\)&lt;\/script&gt;\?<\/b>.*No …/s);
  assert.ok(!page.isDisabled('Stop'));
  assert.equal(page.typed(), '', 'the field is free for the next question');
  await next();
  assert.match(page.shown(), /No &lt;b&gt;edema&lt;\/b&gt; …/);
  await next();
  await asked;
  assert.ok(page.isDisabled('Stop'));
  assert.deepEqual(dialogue.turns, [{ question: '<script>alert(1)</script>?', answer: 'No <b>edema</b>', stopped: false }]);
  await page.submit('   ');
  assert.deepEqual(heard, ['<script>alert(1)</script>?'], 'nothing is asked with an empty field');
  const begun = page.click('Is there edema?');
  await moment();
  await next();
  await next();
  await begun;
  assert.equal(dialogue.turns.length, 2);
  const saved = JSDOM.fragment(String(dialogue.bundle()['text/html']));
  assert.equal(saved.querySelectorAll('script').length, 0);
});

test('a button stops an answer, a new question takes its place, and an error is thrown', async (t) => {
  const page = frontEnd(t);
  const { answer, next } = speaker(['one', 'two', 'three']);
  const dialogue = chat({ pictures: [picture, picture], answer });
  page.open(dialogue);
  const first = dialogue.ask('count');
  await moment();
  await next();
  await page.click('Stop');
  await first;
  assert.deepEqual(dialogue.turns, [{ question: 'count', answer: 'one two', stopped: true }]);
  assert.match(page.shown(), /one two <i>\(stopped\)<\/i>/);
  const second = dialogue.ask('again');
  await moment();
  const third = dialogue.ask('and again');
  await second;
  await moment();
  for (let i = 0; i < 3; i++) await next();
  await third;
  assert.deepEqual(
    dialogue.turns.map(({ question, stopped }) => [question, stopped]),
    [
      ['count', true],
      ['again', true],
      ['and again', false],
    ],
  );
  assert.throws(() => chat({ pictures: [], answer }), /expected a picture to ask about/);
  const broken = chat({
    pictures: [picture],
    // biome-ignore lint/correctness/useYield: it fails before its first word
    async *answer() {
      throw new RangeError('too long');
    },
  });
  await assert.rejects(broken.ask('a'), /too long/);
  assert.deepEqual(broken.turns, []);
});
