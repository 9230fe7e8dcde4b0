import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  button,
  checkbox,
  column,
  compare,
  dropdown,
  figure,
  gallery,
  html,
  image,
  newest,
  output,
  player,
  progressBar,
  row,
  slider,
  tabs,
  text,
  toggleButtons,
  type UploadedFile,
  upload,
} from 'roentgen-lab/display';
import sharp from 'sharp';
import { Superseded } from '#display/widgets/newest';
import { windowLevel } from '#display/widgets/window-level';
import { fakeComms } from './fake-comms';

test('a control is opened once, after what it refers to, and follows its value', (t) => {
  const comms = fakeComms(t);
  const choice = dropdown({ label: 'Kind', options: { one: 1, two: 2 }, value: 2 });
  const id = comms.idOf(choice);
  assert.equal(comms.idOf(choice), id, 'shown twice it is one model');
  const opened = comms.sent.filter(({ type }) => type === 'open');
  const names = opened.map(({ data }) => data.state._model_name);
  assert.deepEqual(names, ['LayoutModel', 'DescriptionStyleModel', 'DropdownModel']);
  assert.equal(opened[2]!.data.state.layout, `IPY_MODEL_${opened[0]!.id}`);
  assert.deepEqual([opened[2]!.data.state._options_labels, opened[2]!.data.state.index], [['one', 'two'], 1]);
  choice.value = 1;
  comms.flush();
  assert.deepEqual(comms.sent.at(-1)!.data, { method: 'update', state: { index: 0 }, buffer_paths: [] });
  assert.throws(() => {
    choice.value = 3;
  }, /dropdown: value: expected one of one, two, got 3/);
});

test("the person's changes arrive, are echoed, and are heard; own changes are not", async (t) => {
  const comms = fakeComms(t);
  const heard: unknown[] = [];
  const level = slider({ min: 0, max: 1, step: 0.25, value: 0.5, onChange: (value) => void heard.push(value) });
  const words = text({
    value: 'a',
    onChange: (value) => void heard.push(value),
    onSubmit: (value) => void heard.push(`submitted ${value}`),
  });
  const tick = checkbox({ onChange: (value) => void heard.push(value) });
  await comms.change(level, { value: 0.75 });
  assert.deepEqual(comms.sent.find(({ data }) => data.method === 'echo_update')!.data.state, { value: 0.75 });
  await comms.change(words, { value: 'ab' });
  await comms.event(words, 'submit');
  await comms.change(tick, { value: true });
  level.value = 0;
  assert.deepEqual(heard, [0.75, 'ab', 'submitted ab', true]);
  assert.deepEqual([level.value, words.value, tick.value], [0, 'ab', true]);
  assert.throws(() => slider({ min: 1, max: 1 }), /slider: expected min < max/);
  assert.throws(() => slider({ min: 0, max: 5, value: 9 }), /from 0 to 5, got 9/);
  assert.throws(() => dropdown({ options: [] }), /at least one option/);
});

test('Enter in a field of several lines submits, and leaves the text without a break', async (t) => {
  const comms = fakeComms(t);
  const heard: string[] = [];
  const prompt = text({
    rows: 3,
    value: 'left effusion',
    onChange: (value) => void heard.push(value),
    onSubmit: (value) => void heard.push(`submitted ${value}`),
  });
  await comms.change(prompt, { value: 'left eff\nusion' });
  assert.equal(prompt.value, 'left effusion', 'in the middle of a word');
  // The front end sends what was typed meanwhile in one piece.
  await comms.change(prompt, { value: 'right effusion\n' });
  await comms.change(prompt, { value: 'right effusion\n\nnew' });
  assert.deepEqual(heard, [
    'submitted left effusion',
    'right effusion',
    'submitted right effusion',
    'right effusion new',
    'submitted right effusion new',
  ]);
  const free = text({ rows: 3 });
  await comms.change(free, { value: 'a\nb' });
  assert.equal(free.value, 'a\nb', 'without a handler Enter is a line break');
});

test('toggle buttons: equal labels are different buttons, other labels press the first', async (t) => {
  const comms = fakeComms(t);
  const heard: number[] = [];
  const words = toggleButtons({ labels: ['right', 'left', 'right'], onChange: (i) => void heard.push(i) });
  comms.idOf(words);
  const sent = comms.sent.find(({ data }) => data.state?._model_name === 'ToggleButtonsModel')!.data.state._options_labels as string[];
  assert.equal(new Set(sent).size, 3);
  await comms.change(words, { index: 2 });
  assert.deepEqual([heard, words.value, words.labels[2]], [[2], 2, 'right']);
  words.labels = ['none'];
  assert.equal(words.value, 0);
  assert.throws(() => {
    words.value = 1;
  }, /toggleButtons: value: expected 0 to 0, got 1/);
  assert.throws(() => toggleButtons({ labels: [] }), /at least one button/);
});

test('pages tell which one was opened', async (t) => {
  const comms = fakeComms(t);
  const heard: string[] = [];
  const pages = tabs({ First: 'a', Second: 'b' }, { onChange: (title) => void heard.push(title) });
  await comms.change(pages, { selected_index: 1 });
  assert.deepEqual([heard, pages.value], [['Second'], 'Second']);
  pages.value = 'First';
  assert.equal(pages.value, 'First');
});

test('a player goes from place to place to its end, and stops where a person moves it or clicks again', async (t) => {
  const comms = fakeComms(t);
  const heard: number[] = [];
  const steps = player({ label: 'Step', interval: 5, onChange: (step) => void heard.push(step) });
  comms.idOf(steps);
  const idOf = (name: string): string => comms.sent.find(({ data }) => data.state?._model_name === name)!.id;
  const [play, place] = [idOf('ButtonModel'), idOf('IntSliderModel')];
  assert.equal(steps.disabled, true, 'there is nothing to play');
  steps.count = 4;
  assert.deepEqual([steps.value, steps.disabled], [4, false]);
  await comms.send(play, { method: 'custom', content: { event: 'click' } });
  assert.deepEqual(heard, [1, 2, 3, 4], 'from the end it begins again');
  const playing = comms.send(play, { method: 'custom', content: { event: 'click' } });
  await comms.send(place, { method: 'update', state: { value: 3 }, buffer_paths: [] });
  await playing;
  assert.equal(steps.value, 3, 'it stays where the person moved it');
  const again = comms.send(play, { method: 'custom', content: { event: 'click' } });
  await comms.send(play, { method: 'custom', content: { event: 'click' } });
  await again;
  assert.equal(steps.value, 3, 'paused');
  steps.count = 1;
  assert.equal(steps.disabled, true);
});

test('a gallery says what changed, keeps a limit, and hands settings back', async (t) => {
  const comms = fakeComms(t);
  const picked: object[] = [];
  const past = gallery<{ prompt: string; seed: number }>({ limit: 2, onPick: (settings) => void picked.push(settings) });
  const picture = { pixels: Float32Array.of(0, 1, 1, 0), width: 2, height: 2, channels: 1 } as const;
  past.add(picture, { prompt: 'Large left <b> pleural effusion', seed: 1 });
  past.add(picture, { prompt: 'Large right <b> pleural effusion', seed: 1 });
  past.add(picture, { prompt: 'Large right <b> pleural effusion', seed: 2 });
  assert.equal(past.count, 2);
  comms.idOf(past);
  const html = String(past.bundle()['text/html']);
  assert.match(html, /seed 1 → 2.*left → right/s, 'also of the oldest, against the one that went');
  assert.match(html, /alt="prompt: Large right &lt;b&gt; pleural effusion, seed: 2"/);
  const back = comms.sent.filter(({ data }) => data.state?._model_name === 'ButtonModel')[1]!.id;
  await comms.send(back, { method: 'custom', content: { event: 'click' } });
  assert.deepEqual(picked, [{ prompt: 'Large right <b> pleural effusion', seed: 1 }]);
});

test('handlers: one at a time, the newest value wins, errors come out', async (t) => {
  const comms = fakeComms(t);
  const log: string[] = [];
  const go = button({
    label: 'Go',
    onClick: async ({ signal }) => {
      log.push('begins');
      for (let i = 0; i < 50 && !signal.aborted; i++) await delay(2);
      log.push(signal.aborted ? `stopped: ${(signal.reason as Error).message}` : 'done');
      signal.throwIfAborted();
    },
  });
  const first = comms.event(go, 'click');
  const second = comms.event(go, 'click');
  const third = comms.event(go, 'click');
  await Promise.all([first, second, third]);
  assert.deepEqual(log, ['begins', 'stopped: a newer value came', 'begins', 'done']);

  const failing = button({ label: 'Fail', onClick: () => Promise.reject(new RangeError('no')) });
  await assert.rejects(comms.event(failing, 'click'), /no/);
  // A job that fails for a reason of its own says so, also where it was superseded.
  const job = newest(async (n: number, signal) => {
    await delay(5);
    if (n === 1) throw new TypeError('its own');
    signal.throwIfAborted();
  });
  const outcomes = await Promise.allSettled([job(1), job(2)]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  assert.ok(new Superseded() instanceof Error);
});

test("a control's next value stops the shared job that its handler waits for", async (t) => {
  const comms = fakeComms(t);
  const log: string[] = [];
  const make = newest(async (name: string, signal) => {
    for (let i = 0; i < 50; i++) {
      await delay(2);
      if (signal.aborted) log.push(`${name} stopped`);
      signal.throwIfAborted();
    }
    log.push(`${name} made`);
  });
  const choice = dropdown({ options: ['a', 'b', 'c'], onChange: (value) => make(value) });
  const again = button({ label: 'Again', onClick: () => make('again') });
  const first = comms.change(choice, { index: 1 });
  await delay(10);
  const second = comms.change(choice, { index: 2 });
  await delay(10);
  await Promise.all([first, second, comms.event(again, 'click')]);
  assert.deepEqual(log, ['b stopped', 'c stopped', 'again made']);
});

test('an interrupt of the kernel ends a job, and the next one does not wait for it', async (t) => {
  const controller = new AbortController();
  const place = globalThis as Record<symbol, unknown>;
  let signal = controller.signal;
  place[Symbol.for('roentgen.interrupt')] = { signal: () => signal };
  t.after(() => {
    delete place[Symbol.for('roentgen.interrupt')];
  });
  const job = newest<string>((what) => (what === 'endless' ? new Promise(() => undefined) : undefined));
  const endless = job('endless');
  controller.abort(new Error('interrupted by the person'));
  await assert.rejects(endless, /interrupted by the person/);
  signal = new AbortController().signal;
  await job('short');
});

test('pictures travel as bytes, and a front end that was loaded anew gets all states', (t) => {
  const comms = fakeComms(t);
  const picture = image({ size: 64 });
  const box = column([row(['A label', picture]), tabs({ First: html('<b>x</b>'), Second: figure({ data: [{ x: [1], y: [1] }] }) })]);
  comms.idOf(box);
  const opened = comms.sent.find(({ data }) => data.state?._model_name === 'ImageModel')!;
  assert.deepEqual(opened.data.buffer_paths, [['value']]);
  assert.ok(!('value' in opened.data.state));
  assert.deepEqual([...opened.buffers[0]!.subarray(1, 4)], [...Buffer.from('PNG')]);
  picture.picture = { pixels: Float32Array.of(0, 1, 1, 0), width: 2, height: 2, channels: 1 };
  comms.flush();
  const update = comms.sent.at(-1)!;
  assert.deepEqual([update.id, update.data.buffer_paths, update.buffers.length], [opened.id, [['value']], 1]);
  const { data, buffers } = comms.reload();
  assert.equal(data.method, 'update_states');
  assert.equal(data.states[opened.id].model_name, 'ImageModel');
  const path = data.buffer_paths.findIndex(([id]: string[]) => id === opened.id);
  assert.deepEqual(data.buffer_paths[path], [opened.id, 'state', 'value']);
  assert.deepEqual(buffers[path], update.buffers[0]);
  const plot = Object.values(data.states as Record<string, { model_name: string; state: { outputs: { data: object }[] } }>).find(
    ({ model_name }) => model_name === 'OutputModel',
  )!;
  assert.ok('application/vnd.plotly.v1+json' in plot.state.outputs[0]!.data);
});

test('without comms everything is shown as it is, says so, and keeps its values', () => {
  const choice = dropdown({ label: 'Kind <b>', options: ['one', 'two'] });
  const place = output();
  place.print('printed & kept');
  const bar = progressBar();
  const run = bar.start(4, 'Steps');
  run.update(4);
  run.end();
  const box = column([tabs({ 'A page': row([choice, place, bar, checkbox({ label: 'On', value: true })]) })]);
  const bundle = box.bundle();
  assert.deepEqual(Object.keys(bundle), ['text/html', 'text/plain']);
  assert.match(
    String(bundle['text/html']),
    /Kind &lt;b&gt;.*<b>one<\/b>.*of one, two.*printed &amp; kept.*4\/4.*☑ On.*controls work in a running notebook/s,
  );
  assert.match(
    String(bundle['text/plain']),
    /A page:\n\[Kind <b>: one, of one, two\].*printed & kept.*4\/4.*static: this kernel has no controls/s,
  );
  choice.value = 'two';
  assert.equal(choice.value, 'two');
  assert.equal(
    place.capture(() => 7),
    7,
  );
});

test('a divider shows the one picture on its left and the other on its right, wherever it stands, by drag or by key', async (t) => {
  const comms = fakeComms(t);
  const flat = (value: number, side = 8) => ({
    pixels: new Float32Array(side * side).fill(value),
    width: side,
    height: side,
    channels: 1 as const,
  });
  const both = compare({ labels: ['guidance <2>', 'guidance 6'], size: 64 });
  comms.idOf(both);
  both.before = flat(0);
  both.after = flat(1);
  const opened = comms.sent.filter(({ type }) => type === 'open');
  const modelOf = (name: string) => opened.find(({ data }) => data.state._model_name === name)!.id;
  /** Dark and light columns of the picture that the front end has last. */
  const columns = async (): Promise<{ dark: number; light: number; width: number }> => {
    comms.flush();
    const { buffers } = comms.sent.filter(({ id, buffers: bytes }) => id === modelOf('ImageModel') && bytes.length > 0).at(-1)!;
    const { data, info } = await sharp(buffers[0]).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const row = Array.from({ length: info.width }, (_, x) => data[x * info.channels + 2]!); // blue: the line has none
    const red = Array.from({ length: info.width }, (_, x) => data[x * info.channels]!);
    return { dark: red.filter((value) => value === 0).length, light: row.filter((value) => value === 255).length, width: info.width };
  };
  const half = await columns();
  assert.deepEqual([half.dark, half.light], [half.width / 2 - 2, half.width / 2 - 2], 'half each, and a line between');
  for (const [percent, share] of [
    [75, 0.75],
    [0, 0],
    [100, 1],
  ] as const) {
    await comms.send(modelOf('IntSliderModel'), { method: 'update', state: { value: percent }, buffer_paths: [] });
    const { dark, width } = await columns();
    assert.ok(Math.abs(dark - share * width) <= 2, `${dark} of ${width} at ${percent} percent`);
    assert.equal(both.divider, percent);
  }
  both.divider = 25;
  assert.ok(Math.abs((await columns()).dark - 0.25 * half.width) <= 2);
  const page = String(both.bundle()['text/html']);
  assert.equal(page.match(/<img /g)!.length, 2, 'side by side where nothing moves');
  assert.match(page, /guidance &lt;2&gt;.*guidance 6/s);
  both.labels = ['a', 'b'];
  assert.match(String(both.bundle()['text/plain']), /\[a, beside b\]/);
  assert.throws(() => {
    both.after = flat(1, 16);
  }, /compare: expected pictures of one size, got 8 x 8 and 16 x 16/);
  both.before = undefined;
  assert.match(String(both.bundle()['text/plain']), /no pictures yet/);
});

test('window and level change what is black and white', async (t) => {
  const comms = fakeComms(t);
  const ramp = Float32Array.from({ length: 16 }, (_, i) => i / 15);
  const view = windowLevel([ramp], ['A ramp.']);
  comms.idOf(view);
  const drawn = (): string => String(view.bundle()['text/html']);
  const before = drawn();
  assert.match(before, /A ramp\./);
  await comms.change(view.width, { value: 0.5 });
  assert.notEqual(drawn(), before);
  comms.flush();
  assert.ok(
    comms.sent.some(({ data }) => data.method === 'update' && 'value' in data.state),
    'the front end follows',
  );
  assert.throws(() => windowLevel([ramp], undefined, { window: [-2, -1] }), /from 0 to 1/);
});

test('a file comes with its bytes, is told once, and a page that is loaded anew has it too', async (t) => {
  const comms = fakeComms(t);
  const heard: UploadedFile[] = [];
  const file = upload({ label: 'Image', accept: 'image/*', onChange: (given) => void heard.push(given) });
  assert.equal(file.value, undefined);
  const id = comms.idOf(file);
  const opened = comms.sent.find((message) => message.id === id)!.data.state;
  assert.deepEqual([opened._model_name, opened.accept, opened.value], ['FileUploadModel', 'image/*', []]);
  const bytes = Uint8Array.of(1, 2, 3);
  await comms.give(file, { value: [{ name: 'a.png', type: 'image/png', size: 3, last_modified: 0 }] }, [['value', 0, 'content']], [bytes]);
  assert.deepEqual(heard, [{ name: 'a.png', bytes }]);
  assert.deepEqual(file.value, { name: 'a.png', bytes });
  const echo = comms.sent.find(({ data }) => data.method === 'echo_update')!;
  assert.deepEqual(echo.data.buffer_paths, [['value', 0, 'content']]);
  assert.deepEqual(echo.buffers, [bytes]);
  const { data, buffers } = comms.reload();
  assert.deepEqual(data.buffer_paths, [[id, 'state', 'value', 0, 'content']]);
  assert.deepEqual(buffers, [bytes]);
  await comms.change(file, { error: 'too large' });
  assert.equal(heard.length, 1);
});
