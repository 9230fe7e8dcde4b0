/** A small Jupyter client: start a kernel, run code or a whole notebook in it, take its outputs. */
export type { Content, Header, Message } from '../launcher/wire';
export { type ExecuteOptions, Kernel, type KernelOptions } from './kernel';
export type { KernelPlace } from './kernel-process';
export { type Cell, type Notebook, readNotebook, sourceOf, writeNotebook } from './notebook-file';
export { createCollector, type Displays, type Output } from './outputs';
export { NotebookError, type NotebookEvent, type NotebookRun, type RunOptions, runNotebook } from './run-notebook';
export { findSpec, type KernelSpec, launcherSpec } from './spec';
