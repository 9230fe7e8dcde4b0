/** Figures, grids, tables, progress, controls and reports, in a cell and in a terminal. */

export { changes, type Settings } from './changes';
export {
  type BarOptions,
  type BarSeries,
  barFigure,
  type ChartOptions,
  dotFigure,
  histogram,
  type LineSeries,
  lineFigure,
  type Reference,
} from './charts';
export { difference } from './difference';
export type { Displayable } from './displayable';
export { type Figure, type FigureInput, figure } from './figure';
export { type FilmStrip, filmStrip } from './film-strip';
export { type ImageGrid, imageGrid } from './grid';
export type { GridOptions } from './grid-plan';
export { highlight } from './highlight';
export type { BundleMetadata, MimeBundle } from './host';
export { type Live, live } from './live';
export { type LiveLoss, liveLoss } from './loss';
export { type MapGridOptions, mapGrid, type ScalarMap } from './map-grid';
export { markedText, type TextMark } from './marked-text';
export { note } from './note';
export { overlay } from './overlay';
export { notForDiagnosis } from './palette';
export { type PipelinePart, type PipelineShapes, pipelineFigure } from './pipeline-figure';
export { type DisplayWindow, type Picture, pictures } from './pixels';
export type { FigureSpec } from './plotly/render';
export { type Progress, progress, withProgress } from './progress';
export { type Region, regions } from './regions';
export { exportNotebook, type ReportSummary } from './report/export';
export { type Frame, type TableColumns, type TableInput, type TableOptions, table } from './table';
export { type ArqueroTable, type TableExpression, toTable } from './to-table';
export { type TokenArc, type TokenSpan, tokenGraph } from './token-graph';
export { tokenStrip } from './tokens';
export { type UNetFigureOptions, type UNetShape, unetFigure } from './unet-figure';
export { type Content, column, row, type Tabs, tabs } from './widgets/boxes';
export { type Button, button } from './widgets/button';
export { type Chat, type ChatOptions, type ChatTurn, chat } from './widgets/chat';
export { type Compare, compare } from './widgets/compare';
export type { Control, ControlOptions } from './widgets/control';
export {
  checkbox,
  type DropdownOptions,
  dropdown,
  type Slider,
  type SliderOptions,
  slider,
  type TextOptions,
  text,
} from './widgets/controls';
export { type Gallery, gallery } from './widgets/gallery';
export { newest } from './widgets/newest';
export { type Output, output } from './widgets/output';
export { type Player, player } from './widgets/player';
export { type Quiz, type QuizItem, type QuizQuestion, quiz } from './widgets/quiz';
export { type Html, html, type ImageWidget, image, type Label, label, type ProgressBar, progressBar } from './widgets/shown';
export { type ToggleButtons, toggleButtons } from './widgets/toggle-buttons';
export { type Upload, type UploadedFile, type UploadOptions, upload } from './widgets/upload';
export type { Change, Widget } from './widgets/widget';
export { type WindowLevel, windowLevel } from './widgets/window-level';
