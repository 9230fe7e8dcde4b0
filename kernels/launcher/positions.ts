/**
 * From positions in the JavaScript that runs to positions in the cell that a person wrote.
 *
 * A cell's code carries the name `cell[n]` (sourceURL), so stack frames read `cell[3]:12:5`. Two source maps lead back:
 * TypeScript to ES module, ES module to CommonJS.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';

/** Cells whose maps are kept: enough for functions of earlier cells, bounded for kernels that run for days. */
const kept = 200;

/** Remembers source maps and rewrites stacks. */
export interface Positions {
  /**
   * @param skippedLines    lines that were put before the cell's text
   * @param skippedColumns  columns that were put before its first line
   */
  remember(cell: number, toModule: string, toCommonJs: string, skippedLines: number, skippedColumns: number): void;
  /** Rewrites each `cell[n]:line:column` of a text, all 1-based, to the cell's own lines. */
  restore(text: string): string;
}

interface Maps {
  readonly maps: readonly [toCommonJs: string, toModule: string];
  readonly skippedLines: number;
  readonly skippedColumns: number;
}

export function createPositions(): Positions {
  const cells = new Map<number, Maps>();

  function original(cell: number, line: number, column: number): [line: number, column: number] | undefined {
    const found = cells.get(cell);
    if (!found) return undefined;
    let position: [number, number] = [line - 1, column - 1];
    for (const text of found.maps) {
      const entry = new SourceMap(JSON.parse(text) as SourceMapPayload).findEntry(...position);
      if (!('originalLine' in entry) || entry.originalLine === undefined) return undefined;
      position = [entry.originalLine, entry.originalColumn];
    }
    const row = position[0] - found.skippedLines;
    if (row < 0) return undefined;
    return [row + 1, Math.max(0, position[1] - (row === 0 ? found.skippedColumns : 0)) + 1];
  }

  return {
    remember(cell, toModule, toCommonJs, skippedLines, skippedColumns) {
      cells.delete(cell);
      cells.set(cell, { maps: [toCommonJs, toModule], skippedLines, skippedColumns });
      if (cells.size > kept) cells.delete(cells.keys().next().value!);
    },
    restore: (text) =>
      text.replace(/cell\[(\d+)\]:(\d+):(\d+)/g, (match, cell, line, column) => {
        const position = original(Number(cell), Number(line), Number(column));
        return position ? `cell[${cell}]:${position[0]}:${position[1]}` : match;
      }),
  };
}
