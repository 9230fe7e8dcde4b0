import { controls } from './controls.js';
import type { Packages, Plugin } from './jupyterlab.js';
import { plots } from './plots.js';
import { saveReport } from './save-report.js';

/** The extension's plugins. */
export function plugins(packages: Packages): Plugin[] {
  const style = document.createElement('link');
  style.rel = 'stylesheet';
  style.href = new URL('./style.css', import.meta.url).href;
  document.head.append(style);
  return [saveReport(packages), controls, plots(packages)];
}
