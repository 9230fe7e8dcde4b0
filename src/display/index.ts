export { type BarOptions, type BarSeries, barFigure, type ChartOptions, histogram, type LineSeries, lineFigure, plotText } from './charts';
export { type Displayable, jupyterDisplay, jupyterMetadata } from './displayable';
export { escapeHtml } from './escape';
export { type Figure, type FigureInput, figure, plotlyMime } from './figure';
export { type ImageGrid, imageGrid } from './grid';
export type { GridOptions } from './grid-plan';
export { highlight } from './highlight';
export {
  type BundleMetadata,
  clearOutput,
  type DisplayHost,
  displayHost,
  hostSymbol,
  input,
  type MimeBundle,
  type OutputSink,
} from './host';
export { type Live, live } from './live';
export { type LiveLoss, type LossCurve, liveLoss, lossPlot } from './loss';
export { duration } from './numbers';
export { overlay } from './overlay';
export { type Pace, pace } from './pace';
export { notForDiagnosis, palette } from './palette';
export { type DisplayWindow, type Picture, pictures } from './pixels';
export type { FigureSpec } from './plotly/render';
export { type Progress, progress, withProgress } from './progress';
export { exportNotebook, notebookHtml, type ReportSummary } from './report/export';
export type { NotebookCell } from './report/notebook';
export { type Frame, type TableInput, type TableOptions, table } from './table';
export { tokenStrip } from './tokens';
export * from './widgets';
