/** A slider over a series that can run by itself, such as over the steps of an image. */
import { setTimeout as delay } from 'node:timers/promises';
import { row } from './boxes';
import { button } from './button';
import { type Control, type ControlOptions, listener, withGetters } from './control';
import { slider } from './controls';
import type { Model } from './model';
import { Superseded } from './newest';
import { nodeSymbol, type Widget, widget } from './widget';

/** Which of a series is shown, from 1 to `count`. */
export interface Player extends Control<number> {
  /** How many there are, 0 at first; setting it stops the player and goes to the last. */
  count: number;
}

/**
 * A slider over a series, with a button that plays it to its end.
 *
 * @param options.onChange  hears each place, from 1, also while it plays
 * @param options.interval  milliseconds from one place to the next, 120 by default
 * @example const steps = player({ label: 'Step', onChange: (step) => { picture.picture = previews[step - 1]; } });
 */
export function player({ label = '', onChange, interval = 120 }: ControlOptions<number> & { readonly interval?: number }): Player {
  const tell = listener(onChange);
  let count = 0;
  let moves = 0; // by the person, or to another series: what plays ends there
  let paused = false;
  const place = slider({
    label,
    min: 1,
    max: 2,
    step: 1,
    onChange: (value) => {
      moves += 1;
      return tell?.(value);
    },
  });
  const play = button({
    label: '▶ Play',
    onClick: async ({ signal }) => {
      // A click while it plays ends that call, and comes as one of its own.
      if (paused || count < 2) {
        paused = false;
        return;
      }
      const before = moves;
      const goesOn = (): boolean => moves === before && !signal.aborted;
      play.label = '▮▮ Pause';
      try {
        for (let next = place.value < count ? place.value : 1; next <= count && goesOn(); next++) {
          place.value = next;
          await tell?.(next);
          await delay(interval);
        }
      } finally {
        play.label = '▶ Play';
        paused = signal.reason instanceof Superseded;
      }
    },
  });
  const disabled = (value: boolean): void => {
    place.disabled = value;
    play.disabled = value;
  };
  disabled(true);
  // Beside the button, also under a narrow picture.
  const { layout: shape, style: look } = place[nodeSymbol].model.state as { readonly layout: Model; readonly style: Model };
  shape.set({ width: 'auto', flex: '1 1 180px' });
  look.set({ description_width: 'initial' });
  const both: Widget = row([play, place]);
  return widget(
    both[nodeSymbol],
    withGetters(
      {
        get count() {
          return count;
        },
        set count(value: number) {
          if (!Number.isInteger(value) || value < 0) throw new RangeError(`player: count: expected a whole number from 0, got ${value}`);
          moves += 1;
          count = value;
          place.max = Math.max(2, count);
          place.value = Math.max(1, count);
          disabled(count < 2);
        },
      },
      {
        get value() {
          return place.value;
        },
        set value(value: number) {
          moves += 1;
          place.value = value;
        },
        get disabled() {
          return place.disabled;
        },
        set disabled(value: boolean) {
          disabled(value);
        },
      },
    ),
  );
}
