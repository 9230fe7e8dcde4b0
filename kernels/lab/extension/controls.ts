import type { Plugin } from './jupyterlab.js';

let count = 0;

/** ipywidgets names neither the handle of a slider, which is what has the focus, nor says whether a toggle is pressed. */
function describe(within: Element): void {
  for (const handle of within.querySelectorAll('.widget-slider .noUi-handle:not([aria-labelledby])')) {
    const label = handle.closest('.widget-slider')?.querySelector('.widget-label');
    if (!label) continue;
    label.id ||= `roentgen-slider-${++count}`;
    handle.setAttribute('aria-labelledby', label.id);
  }
  for (const toggle of within.querySelectorAll('.widget-toggle-button:not([aria-pressed])')) {
    const tell = (): void => toggle.setAttribute('aria-pressed', String(toggle.classList.contains('mod-active')));
    tell();
    new MutationObserver(tell).observe(toggle, { attributeFilter: ['class'] });
  }
}

/** Ctrl+Enter in a text field of several lines is a typed line break to it, which is what submits such a field (`text` of roentgen-lab/display). */
function submit(event: KeyboardEvent): void {
  const { target } = event;
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  if (!(target instanceof HTMLTextAreaElement) || !target.closest('.widget-textarea')) return;
  event.preventDefault();
  event.stopPropagation();
  target.setRangeText('\n', target.selectionStart, target.selectionEnd, 'end');
  target.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** What ipywidgets' controls lack for screen readers and for the keyboard. */
export const controls: Plugin = {
  id: 'roentgen-lab:controls',
  description: 'Names and states of controls for screen readers; Ctrl+Enter submits a text field.',
  autoStart: true,
  activate() {
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) describe(node);
    }).observe(document.body, { childList: true, subtree: true });
    document.addEventListener('keydown', submit, { capture: true });
  },
};
