import type { Plugin } from './jupyterlab.js';

let count = 0;

/** The handle of a slider is what has the focus, so it must have a name; ipywidgets gives it none. Its label stays its name when the text changes. */
function nameHandles(within: Element): void {
  for (const handle of within.querySelectorAll('.widget-slider .noUi-handle:not([aria-labelledby])')) {
    const label = handle.closest('.widget-slider')?.querySelector('.widget-label');
    if (!label) continue;
    label.id ||= `roentgen-slider-${++count}`;
    handle.setAttribute('aria-labelledby', label.id);
  }
}

/** Names for screen readers, wherever a slider is shown. */
export const sliderNames: Plugin = {
  id: 'roentgen-lab:slider-names',
  description: 'Names the handles of sliders for screen readers.',
  autoStart: true,
  activate() {
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) nameHandles(node);
    }).observe(document.body, { childList: true, subtree: true });
  },
};
