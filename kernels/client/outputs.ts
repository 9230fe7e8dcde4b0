/** Gathers a cell's outputs as a notebook stores them: text joined, displays updated in place, clears obeyed. */
import type { Content, Message } from '../launcher/wire';

/** One output as nbformat 4 stores it. */
export interface Output {
  readonly output_type: 'stream' | 'display_data' | 'execute_result' | 'error';
  name?: string;
  text?: string;
  data?: Content;
  metadata?: Content;
  execution_count?: number | null;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** The displays that can be updated, of a whole notebook: a cell may update one that an earlier cell shows. */
export type Displays = Map<string, Set<Output>>;

/**
 * Takes a cell's iopub messages and keeps `outputs` as they would be shown.
 *
 * @param outputs   changed in place
 * @param displays  shared by all cells of the notebook
 */
export function createCollector(outputs: Output[], displays: Displays): (message: Message) => void {
  let clearPending = false;

  function append(output: Output): void {
    if (clearPending) {
      outputs.length = 0;
      clearPending = false;
    }
    const last = outputs.at(-1);
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) last.text! += output.text!;
    else outputs.push(output);
  }

  return ({ header, content }) => {
    switch (header.msg_type) {
      case 'stream':
        append({ output_type: 'stream', name: content.name, text: content.text });
        break;
      case 'execute_result':
        append({ output_type: 'execute_result', execution_count: content.execution_count, data: content.data, metadata: content.metadata });
        break;
      case 'error':
        append({ output_type: 'error', ename: content.ename, evalue: content.evalue, traceback: content.traceback });
        break;
      case 'display_data': {
        const output: Output = { output_type: 'display_data', data: content.data, metadata: content.metadata };
        append(output);
        const id = content.transient?.display_id;
        if (id) displays.set(id, (displays.get(id) ?? new Set()).add(output));
        break;
      }
      case 'update_display_data':
        for (const output of displays.get(content.transient?.display_id) ?? []) {
          output.data = content.data;
          output.metadata = content.metadata;
        }
        break;
      case 'clear_output':
        if (content.wait) clearPending = true;
        else outputs.length = 0;
        break;
    }
  };
}
