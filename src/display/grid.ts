import { writeFileAtomic } from '../files/internal';
import { type Displayable, displayable } from './displayable';
import { gridHtml } from './grid-html';
import { type GridOptions, type GridPlan, planGrid } from './grid-plan';
import { layOut, montage } from './montage';
import { notForDiagnosis } from './palette';
import { asPicture, type Picture } from './pixels';
import { encodePngSync, greyIfPossible } from './png';

/** Pictures with their texts: in a notebook each enlarges on a click, elsewhere they are one PNG. */
export interface ImageGrid extends Displayable {
  /** All pictures with labels and captions as one PNG. */
  png(): Uint8Array;
  /** Writes that PNG. */
  save(path: string): Promise<void>;
}

/**
 * Shows pictures side by side, pixels sharp, with their texts.
 *
 * @param images    pictures, or bare arrays of square grey ones; values 0..1
 * @param captions  a text for each, such as its report; by default its prompt. Shown as text, whatever it holds
 * @throws RangeError where there is no picture, a picture's pixels do not fill its size, or texts and pictures differ in number
 * @example imageGrid(images, prompts, { columns: 4, labels: images.map((_, i) => `seed ${i}`) })
 */
export function imageGrid(images: readonly (Picture | Float32Array)[], captions?: readonly string[], options: GridOptions = {}): ImageGrid {
  const plan = planGrid(
    images.map((image) => asPicture(image, 'imageGrid')),
    captions,
    options,
  );
  return showGrid(plan);
}

/** A planned grid as something that shows itself. */
export function showGrid(plan: GridPlan): ImageGrid {
  const saved = asSaved(plan);
  const png = (): Buffer => {
    const text = plan.notes.includes(notForDiagnosis) ? { Comment: notForDiagnosis } : undefined;
    return encodePngSync(greyIfPossible(montage(saved)), text);
  };
  const plain = `[${[plan.title || 'pictures', `${plan.cells.length} of ${sizes(plan)}`, ...plan.notes].join('; ')}]`;
  const item = displayable(
    (draft) => ({
      'text/html': gridHtml(plan),
      ...(!draft && { 'image/png': png().toString('base64') }),
      'text/plain': plain,
    }),
    () => ({ 'image/png': { width: layOut(saved).width } }),
  );
  return Object.assign(item, { png, save: (path: string) => writeFileAtomic(path, png()) });
}

/** A grid as its file has it: a page enlarges pictures while it shows them, but the file has more pixels than the pictures, and says so. */
function asSaved(plan: GridPlan): GridPlan {
  const scales = [...new Set(plan.cells.map(({ scale }) => scale))].sort((a, b) => a - b);
  if (scales.at(-1) === 1) return plan;
  const drawn = scales.map((scale) => `${scale} x ${scale}`).join(' or ');
  return { ...plan, notes: [...plan.notes, `each pixel is drawn as ${drawn}; the pictures are ${sizes(plan)}`] };
}

function sizes({ cells }: GridPlan): string {
  return [...new Set(cells.map(({ picture }) => `${picture.width} x ${picture.height}`))].join(', ');
}
