/** A choice by buttons, all of which are seen. */
import { type Control, type ControlOptions, disabling, listener, withGetters } from './control';
import { createModel } from './model';
import { labelled, layout, staticHtml, style, widget } from './widget';

/** Which of several buttons is pressed, from 0. */
export interface ToggleButtons extends Control<number> {
  /** What stands on them; another list presses the first. */
  labels: readonly string[];
}

/**
 * One of several by buttons in a row, which go on below where they do not fit. Equal labels are different buttons.
 *
 * @throws RangeError where there is no button, or none of the number that is set
 * @example const words = toggleButtons({ labels: ['all', 'left', 'effusion'], onChange: (i) => show(maps[i]) });
 */
export function toggleButtons(options: ControlOptions<number> & { readonly labels: readonly string[] }): ToggleButtons {
  const { label = '', onChange } = options;
  const model = createModel(
    { module: 'controls', name: 'ToggleButtons' },
    {
      ...labelled(label, 'DescriptionStyle'),
      layout: layout({ width: 'auto', max_width: '100%' }),
      style: style('ToggleButtonsStyle', { button_width: 'auto', font_weight: '', description_width: label === '' ? '0px' : 'initial' }),
      _options_labels: distinct(checked(options.labels)),
      index: 0,
      button_style: '',
      icons: [],
      tooltips: [],
    },
  );
  let labels = options.labels;
  const current = (): number => (model.state.index as number | null) ?? 0;
  const tell = listener(onChange);
  model.onChange = (changes) => ('index' in changes ? tell?.(current()) : undefined);
  return widget(
    {
      model,
      html: () => staticHtml(label, labels[current()]!, `of ${labels.join(', ')}`),
      text: () => `[${label || 'choice'}: ${labels[current()]}, of ${labels.join(', ')}]`,
    },
    withGetters(
      {
        get value() {
          return current();
        },
        set value(value: number) {
          if (!(value in labels)) throw new RangeError(`toggleButtons: value: expected 0 to ${labels.length - 1}, got ${value}`);
          model.set({ index: value });
        },
        get labels() {
          return labels;
        },
        set labels(value: readonly string[]) {
          labels = checked(value);
          model.set({ _options_labels: distinct(labels), index: 0 });
        },
      },
      disabling(model),
    ),
  );
}

function checked(labels: readonly string[]): readonly string[] {
  if (labels.length === 0) throw new RangeError('toggleButtons: expected at least one button');
  return labels;
}

/** The front end finds buttons by what stands on them: of equal ones each has one more space of no width. */
function distinct(labels: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    return label + '\u200b'.repeat(before);
  });
}
