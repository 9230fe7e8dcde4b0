export { type Content, column, row, tabs } from './boxes';
export {
  type Button,
  button,
  type Control,
  type ControlOptions,
  checkbox,
  type DropdownOptions,
  dropdown,
  type SliderOptions,
  slider,
  type TextOptions,
  text,
} from './controls';
export { newest, Superseded } from './newest';
export { type Output, output } from './output';
export { type Html, html, type ImageWidget, image, type Label, label, type ProgressBar, progressBar } from './shown';
export { type Change, type Widget, widgetMime } from './widget';
export { type WindowLevel, windowLevel } from './window-level';
