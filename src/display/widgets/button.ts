/** A button, which has no value: a click starts something. */
import { disabling, withGetters } from './control';
import { createModel } from './model';
import { newest } from './newest';
import { type Change, layout, staticHtml, style, type Widget, widget } from './widget';

/** A button; its label can be changed. */
export interface Button extends Widget {
  label: string;
  disabled: boolean;
}

/**
 * A button.
 *
 * @param options.onClick  a further click raises the signal of the call that still runs, and begins when that has ended
 * @param options.main     whether it stands out, as the one that does what the others prepare
 * @example button({ label: 'Make', main: true, onClick: ({ signal }) => make(signal) })
 */
export function button(options: {
  readonly label: string;
  readonly main?: boolean;
  readonly onClick: (change: Change) => unknown;
}): Button {
  const { label, main = false, onClick } = options;
  const model = createModel(
    { module: 'controls', name: 'Button' },
    {
      description: label,
      disabled: false,
      icon: '',
      button_style: main ? 'primary' : '',
      tabbable: null,
      tooltip: null,
      layout: layout({ width: 'auto', min_width: '80px', align_self: 'flex-start' }),
      style: style('ButtonStyle'),
    },
  );
  const click = newest<void>((_, signal) => onClick({ signal }));
  model.onEvent = (event) => (event === 'click' ? click() : undefined);
  const current = (): string => model.state.description as string;
  return widget(
    { model, html: () => staticHtml('', `[ ${current()} ]`), text: () => `[${current()}]` },
    withGetters(
      {
        get label() {
          return current();
        },
        set label(value: string) {
          model.set({ description: value });
        },
      },
      disabling(model),
    ),
  );
}
