/** What other rooms use of this one beside its public names. */

export { displayable } from './displayable';
export { escapeHtml } from './escape';
export { lossPlot } from './loss';
export { duration } from './numbers';
export { pace } from './pace';
export { neutralInk, palette } from './palette';
export { notebookHtml } from './report/export';
export type { NotebookCell } from './report/notebook';
