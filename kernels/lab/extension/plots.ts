import type { NotebookTracker, Packages, Plugin } from './jupyterlab.js';

/** What an output says in plain text; our figures begin with their title. */
function plainText(picture: Element, tracker: NotebookTracker): string | undefined {
  const output = picture.closest('.jp-OutputArea-child');
  const cells = tracker.find(({ node }) => node.contains(picture))?.content.widgets;
  const cell = cells?.find(({ node }) => node.contains(picture));
  if (!output?.parentElement || !cell) return undefined;
  const index = [...output.parentElement.querySelectorAll(':scope > .jp-OutputArea-child')].indexOf(output);
  const text = cell.model.outputs?.get(index)?.data['text/plain'];
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : undefined;
}

/** The plot renderer shows a picture until a pointer comes near, and gives it no text. */
export function plots({ notebook }: Packages): Plugin {
  return {
    id: 'roentgen-lab:plots',
    description: 'Plots in the ink and width of the page; their pictures say what they show.',
    autoStart: true,
    requires: [notebook.INotebookTracker],
    activate(_app, tracker: NotebookTracker) {
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
          for (const node of addedNodes) {
            if (!(node instanceof Element)) continue;
            for (const picture of node.querySelectorAll<HTMLImageElement>('img.plot-img:not([alt])')) {
              picture.alt = plainText(picture, tracker) ?? 'plot';
            }
          }
        }
      }).observe(document.body, { childList: true, subtree: true });
    },
  };
}
