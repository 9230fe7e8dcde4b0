/** Controls with a value that a person changes: dropdown, slider, text, checkbox. */
import { type Control, type ControlOptions, disabling, listener, withGetters } from './control';
import { createModel } from './model';
import { type Change, labelled, layout, staticHtml, style, widget } from './widget';

/** A dropdown's own options. */
export interface DropdownOptions<T> extends ControlOptions<T> {
  /** What can be chosen: values, or values by their names. */
  readonly options: readonly T[] | Readonly<Record<string, T>>;
  /** Chosen at first; by default the first. */
  readonly value?: T;
}

/**
 * A choice of one among several.
 *
 * @throws RangeError where there is nothing to choose from, or the value is not among the options
 * @example const encoder = dropdown({ label: 'Encoder', options: models, onChange: (model, { signal }) => draw(model, signal) });
 */
export function dropdown<T>({ options, value, label = '', onChange }: DropdownOptions<T>): Control<T> {
  const pairs: readonly (readonly [name: string, value: T])[] = Array.isArray(options)
    ? (options as readonly T[]).map((one) => [String(one), one])
    : Object.entries(options as Readonly<Record<string, T>>);
  if (pairs.length === 0) throw new RangeError('dropdown: expected at least one option');
  const names = pairs.map(([name]) => name);
  const indexOf = (value: T): number => {
    const index = pairs.findIndex(([, one]) => Object.is(one, value));
    if (index < 0) throw new RangeError(`dropdown: value: expected one of ${names.join(', ')}, got ${String(value)}`);
    return index;
  };
  const model = createModel(
    { module: 'controls', name: 'Dropdown' },
    { ...labelled(label, 'DescriptionStyle'), _options_labels: names, index: value === undefined ? 0 : indexOf(value) },
  );
  const selectedPair = (): readonly [string, T] => pairs[(model.state.index as number | null) ?? 0]!;
  const tell = listener(onChange);
  model.onChange = (changes) => ('index' in changes ? tell?.(selectedPair()[1]) : undefined);
  return widget(
    {
      model,
      html: () => staticHtml(label, selectedPair()[0], `of ${names.join(', ')}`),
      text: () => `[${label || 'choice'}: ${selectedPair()[0]}, of ${names.join(', ')}]`,
    },
    withGetters(
      {
        get value() {
          return selectedPair()[1];
        },
        set value(value: T) {
          model.set({ index: indexOf(value) });
        },
      },
      disabling(model),
    ),
  );
}

/** A slider's own options. */
export interface SliderOptions extends ControlOptions<number> {
  readonly min: number;
  readonly max: number;
  /** Distance of its places; by default 1 between whole numbers, and a hundredth of the range where it is from 0 to 1 or its ends are not whole. */
  readonly step?: number;
  /** Where it stands at first; by default `min`. */
  readonly value?: number;
}

/** A number of a range whose end can be moved. */
export interface Slider extends Control<number> {
  /** A value beyond it is brought back to it. */
  max: number;
}

/**
 * A number from a range, whole where all its places are.
 *
 * @throws RangeError where the range is empty, the step not positive, or the value outside
 * @example const steps = slider({ label: 'Steps', min: 1, max: 50, value: 20 });
 */
export function slider({ min, max: first, step, value = min, label = '', onChange }: SliderOptions): Slider {
  let max = first;
  const isInteger = [min, max, value].every(Number.isInteger) && (step === undefined ? max - min > 1 : Number.isInteger(step));
  const distance = step ?? (isInteger ? 1 : (max - min) / 100);
  if (!(max > min)) throw new RangeError(`slider: expected min < max, got ${min} and ${max}`);
  if (!(distance > 0)) throw new RangeError(`slider: step: expected a positive number, got ${step}`);
  const check = (value: number): number => {
    if (!(value >= min && value <= max)) throw new RangeError(`slider: value: expected a number from ${min} to ${max}, got ${value}`);
    return value;
  };
  const decimals = Math.min(6, Math.max(0, Math.ceil(-Math.log10(distance) - 1e-9)));
  const model = createModel(
    { module: 'controls', name: isInteger ? 'IntSlider' : 'FloatSlider' },
    {
      ...labelled(label, 'SliderStyle'),
      value: check(value),
      min,
      max,
      step: distance,
      behavior: 'drag-tap',
      orientation: 'horizontal',
      readout: true,
      readout_format: isInteger ? 'd' : `.${Math.max(1, decimals)}f`,
      continuous_update: true,
    },
  );
  const current = (): number => model.state.value as number;
  const tell = listener(onChange);
  model.onChange = (changes) => ('value' in changes ? tell?.(current()) : undefined);
  return widget(
    {
      model,
      html: () => staticHtml(label, String(current()), `from ${min} to ${max}`),
      text: () => `[${label || 'number'}: ${current()}, from ${min} to ${max}]`,
    },
    withGetters(
      {
        get value() {
          return current();
        },
        set value(value: number) {
          model.set({ value: check(value) });
        },
        get max() {
          return max;
        },
        set max(value: number) {
          if (!(value > min)) throw new RangeError(`slider: expected min < max, got ${min} and ${value}`);
          max = value;
          model.set({ max, value: Math.min(max, current()) });
        },
      },
      disabling(model),
    ),
  );
}

/** A text field's own options. */
export interface TextOptions extends ControlOptions<string> {
  readonly value?: string;
  /** Shown while it is empty. */
  readonly placeholder?: string;
  /** Lines that are seen; the text wraps in them. */
  readonly rows?: number;
  /** Hears Enter and Shift+Enter, which then begin no new line; breaks in a text that is pasted become spaces. */
  readonly onSubmit?: (value: string, change: Change) => unknown;
}

/**
 * A text field. `onChange` hears every key.
 *
 * @example const prompt = text({ label: 'Prompt', value: 'Large right pleural effusion.', onChange: (words) => count(words) });
 */
export function text({ value = '', placeholder = '', rows = 1, label = '', onChange, onSubmit }: TextOptions): Control<string> {
  const name = rows > 1 ? 'Textarea' : 'Text';
  const common = labelled(label, 'TextStyle');
  const model = createModel(
    { module: 'controls', name },
    {
      ...common,
      layout: layout({ width: '98%', max_width: '640px' }),
      value,
      placeholder: placeholder === '' ? '\u200b' : placeholder,
      continuous_update: true,
      ...(rows > 1 && { rows }),
    },
  );
  const current = (): string => model.state.value as string;
  const [tell, submit] = [listener(onChange), listener(onSubmit)];
  let before = value;
  model.onChange = (changes) => {
    if (!('value' in changes)) return undefined;
    const typed = current();
    // A front end's field of several lines has no event for Enter: it puts a line break into the value.
    const submits = rows > 1 && submit !== undefined && typed.includes('\n');
    if (submits) model.set({ value: typed.replace('\n', '') === before ? before : typed.replace(/\s*\n\s*/g, ' ').trimEnd() });
    const changed = current() !== before;
    before = current();
    const told = changed ? tell?.(before) : undefined;
    return submits ? Promise.all([told, submit(before)]) : told;
  };
  model.onEvent = (event) => (event === 'submit' ? submit?.(current()) : undefined);
  return widget(
    { model, html: () => staticHtml(label, current() || placeholder), text: () => `[${label || 'text'}: ${current()}]` },
    withGetters(
      {
        get value() {
          return current();
        },
        set value(value: string) {
          before = value;
          model.set({ value });
        },
      },
      disabling(model),
    ),
  );
}

/** Yes or no. @example const overlay = checkbox({ label: 'Show attention', value: true }); */
export function checkbox({
  value = false,
  label = '',
  onChange,
}: ControlOptions<boolean> & { readonly value?: boolean }): Control<boolean> {
  const model = createModel(
    { module: 'controls', name: 'Checkbox' },
    { ...labelled(label, 'CheckboxStyle'), style: style('CheckboxStyle'), layout: layout({ width: 'auto' }), indent: false, value },
  );
  const current = (): boolean => model.state.value === true;
  const tell = listener(onChange);
  model.onChange = (changes) => ('value' in changes ? tell?.(current()) : undefined);
  return widget(
    {
      model,
      html: () => staticHtml('', `${current() ? '☑' : '☐'} ${label}`),
      text: () => `[${current() ? 'x' : ' '}] ${label}`,
    },
    withGetters(
      {
        get value() {
          return current();
        },
        set value(value: boolean) {
          model.set({ value: value });
        },
      },
      disabling(model),
    ),
  );
}
