import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as is from '#files/checks';
import { checkSettings, completeSettings, type Defaults, optional, type PublishedKeys, type ShapeOf } from '#files/settings';

interface Training {
  readonly steps: number;
  readonly batch_size: number;
  readonly ema_decay?: number;
  readonly rate: { readonly peak: number; readonly schedule: 'constant' | 'linear'; readonly peaks?: Readonly<Record<string, number>> };
  readonly flip?: boolean;
}

const shape: ShapeOf<Training> = {
  steps: is.whole(1, 1000),
  batch_size: is.whole(1),
  ema_decay: optional(is.number(0, 1)),
  rate: { peak: is.number(0), schedule: is.oneOf('constant', 'linear'), peaks: optional(is.record(is.number(0))) },
  flip: optional(is.flag),
};
const good = { steps: 10, batch_size: 4, rate: { peak: 0.1, schedule: 'linear' } };

test('an unknown key is refused with the nearest one that there is: misspelt, cut short, or in another case', () => {
  const refused = (change: object, words: RegExp): void =>
    assert.throws(() => checkSettings('place', { ...good, ...change }, shape), { name: 'RangeError', message: words });
  refused({ batchSize: 4 }, /^place: batchSize is unknown \(did you mean batch_size\?\)$/);
  refused({ emaDecay: 0.9 }, /emaDecay is unknown \(did you mean ema_decay\?\)/);
  refused({ stpes: 3 }, /stpes is unknown \(did you mean steps\?\)/);
  refused({ batch: 3 }, /batch is unknown \(did you mean batch_size\?\)/);
  refused({ rate: { ...good.rate, shedule: 'linear' } }, /rate\.shedule is unknown \(did you mean schedule\?\)/);
  refused({ colour: 'red' }, /colour is unknown \(there are steps, batch_size, ema_decay, rate, flip\)/);
  refused({ constructor: 1 }, /constructor is unknown/);
});

test('values are refused by their path, with what was expected; several problems are told at once', () => {
  const refused = (change: object, words: RegExp): void =>
    assert.throws(() => checkSettings('place', { ...good, ...change }, shape), { name: 'RangeError', message: words });
  refused({ steps: 0 }, /steps: expected a whole number from 1 to 1000, got 0/);
  refused({ steps: '10' }, /steps: expected a whole number from 1 to 1000, got "10"/);
  refused({ batch_size: 1.5 }, /batch_size: expected a whole number from 1, got 1.5/);
  refused({ batch_size: 1e12 }, /batch_size: expected a whole number from 1 to 2147483647, got 1000000000000/);
  refused({ ema_decay: Number.NaN }, /ema_decay: expected a number from 0 to 1, got NaN/);
  refused({ rate: 0.1 }, /rate: expected an object, got 0.1/);
  refused({ rate: { peak: -1, schedule: 'cosine' } }, /rate.peak: .* got -1; rate.schedule: expected "constant" or "linear", got "cosine"/);
  refused({ rate: { peak: 1, schedule: 'linear', peaks: { unet: 'x' } } }, /rate.peaks: expected an object, each value a number from 0/);
  refused({ rate: {}, flip: 1 }, /rate.peak is missing; rate.schedule is missing; flip: expected true or false, got 1/);
  assert.throws(() => checkSettings('place', null, shape), /place: expected an object, got null/);
});

test('notes may stand anywhere, and a key that is undefined is absent', () => {
  checkSettings('place', { ...good, comment: 'why', _by: 'a program', flip: undefined, rate: { ...good.rate, comment: 'what' } }, shape);
});

test('defaults are filled in; of a published config what is off or harmless is passed over, and what is not is refused', () => {
  const table: Defaults<{ size: number; act: 'silu' | 'gelu'; classes: number | null }> = {
    size: optional(is.whole(1), 8),
    act: optional(is.oneOf('silu', 'gelu'), 'silu'),
    classes: optional(is.either(is.oneOf(null), is.whole(1)), 3),
  };
  const published: PublishedKeys = { dropout: is.oneOf(0), dtype: is.anything };
  const complete = (config: object): object => completeSettings('net', config, table, published);
  assert.deepEqual(complete({ classes: null, _note: 'x', newer: null, other: false, dtype: 'float16', dropout: 0 }), {
    size: 8,
    act: 'silu',
    classes: null,
  });
  assert.throws(() => complete({ act: 'mish' }), /net: act: expected "silu" or "gelu", got "mish"/);
  assert.throws(() => complete({ dropout: 0.1 }), /net: dropout: expected 0, got 0.1/);
  assert.throws(() => complete({ newer: 'on' }), /net: newer is unknown \(the result may depend on its value, "on"\)/);
  assert.throws(() => complete({ sizes: 4 }), /net: sizes is unknown \(did you mean size\?\)/);
  assert.throws(() => completeSettings('net', { dtype: null }, table), /dtype is unknown/);
});

test('a value like a default is of its type', () => {
  assert.equal(is.like(4)(0.5), undefined);
  assert.equal(is.like(4)('x'), 'a number');
  assert.equal(is.like(Number.NEGATIVE_INFINITY)(Number.NEGATIVE_INFINITY), undefined);
  assert.equal(is.like(4)(Number.POSITIVE_INFINITY), 'a number');
  assert.equal(is.like(['unet'])(['unet', 'vae']), undefined);
  assert.equal(is.like(['unet'])([1]), 'a list, each a string');
  assert.equal(is.like(true)(1), 'true or false');
  assert.equal(is.list(is.number(), 2, 2)([1]), 'a list of 2, not of 1');
});
