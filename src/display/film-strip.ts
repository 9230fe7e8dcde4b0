import { type ImageGrid, imageGrid } from './grid';
import { live } from './live';
import type { Picture } from './pixels';

/** The same pictures at several moments, side by side. */
export interface FilmStrip {
  /** Adds a column: one picture for each row, in the rows' order. @throws RangeError where their number differs from the first column's */
  add(label: string, pictures: readonly Picture[]): void;
  /** Puts the whole strip there as a saved notebook keeps it. */
  end(): void;
}

/**
 * What a model draws from the same noise while it learns: a row for each picture, a column for each moment, which stay. It grows in place; in a terminal it is
 * silent until its end.
 *
 * @param goal  what the rows should become, such as the real images of the same texts: the last column, with its label and its texts
 * @example
 * const film = filmStrip({ label: 'real', pictures: real, captions: texts });
 * // in the training loop: film.add(`${step} steps`, await textToImage(model, { prompts, seed }));
 * film.end();
 */
export function filmStrip(goal: {
  readonly label: string;
  readonly pictures: readonly Picture[];
  readonly captions: readonly string[];
}): FilmStrip {
  const rows = goal.pictures.length;
  // Seven columns fit a notebook's width.
  const scale = Math.max(1, Math.round(128 / (goal.pictures[0]?.width ?? 128)));
  const frames: { readonly label: string; readonly pictures: readonly Picture[] }[] = [];
  const place = live<ImageGrid>();
  const draw = (): ImageGrid => {
    const columns = [...frames, goal];
    const cells = goal.captions.flatMap((caption, row) =>
      columns.map(({ label, pictures }) => ({ label, picture: pictures[row]!, caption: pictures === goal.pictures ? caption : '' })),
    );
    return imageGrid(
      cells.map(({ picture }) => picture),
      cells.map(({ caption }) => caption),
      { columns: columns.length, scale, labels: cells.map(({ label }) => label) },
    );
  };
  return {
    add: (label, pictures) => {
      if (pictures.length !== rows)
        throw new RangeError(`filmStrip: ${label}: expected ${rows} pictures, one for each row, got ${pictures.length}`);
      frames.push({ label, pictures });
      place.update(draw);
    },
    end: () => place.end(),
  };
}
