/** DRR-RATE: radiographs reconstructed from the CT volumes of CT-RATE. Its tree is also what `roentgen drr` writes. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../files';
import type { Dataset, ImageRecord, PublishedSplit } from '../dataset';
import { readLabels } from '../folder';
import { inBatches } from '../in-batches';
import { isFile } from '../is-file';
import { isEmptyCell, type Row, readTable, requireColumns, type Table } from '../read-table';
import { type TableEntry, tableDataset } from '../table';
import { composeText } from './compose-text';
import {
  DRR_RATE_LABELS,
  type DrrRateName,
  type DrrRatePart,
  drrRateParts,
  drrRatePlace,
  drrRateTables,
  parseDrrRateName,
} from './drr-rate-names';
import { leftOut } from './left-out';

const NAME = 'ImageName';
const SPLITS: Readonly<Record<DrrRatePart, PublishedSplit>> = { train: 'train', valid: 'validate' };

/** Views as folders are named, and ours. */
const VIEWS: Readonly<Record<string, string>> = { LATERAL: 'lateral' };

/** The table of labels that makes a folder one of this collection. */
export function findDrrRate(folder: string): string | undefined {
  return drrRateParts
    .filter((part) => existsSync(join(folder, part)))
    .map((part) => join(folder, drrRateTables(part).labels))
    .find((path) => existsSync(path));
}

/**
 * Opens a folder as published, or as `roentgen drr` writes it: `multi_abnormality_labels/train_predicted_labels.csv` and `valid_…` where they are there, the images in
 * `train/AP`, `train/LATERAL` and other views, and texts and metadata where there are tables of them. Each view of a reconstruction is a record; its text is the impression, else the
 * findings, else composed of labels. An empty cell of labels says that nothing is known.
 *
 * @throws FileError where a column or all images are missing, or a cell is not what it should be
 */
export async function openDrrRate(folder: string): Promise<Dataset> {
  const out = leftOut();
  const entries: TableEntry[] = [];
  let rowsInAll = 0;
  for (const part of drrRateParts) {
    const tables = drrRateTables(part);
    const path = join(folder, tables.labels);
    if (!existsSync(path)) continue;
    const table = await readTable(path, [NAME, ...DRR_RATE_LABELS]);
    const [reports, metadata] = [await besideTable(folder, tables.reports), await besideTable(folder, tables.metadata)];
    rowsInAll += table.rows.length;
    for (const view of viewsOf(folder, part)) {
      const names = table.rows.map((row) => nameOf(path, row));
      const there = await inBatches(names, 256, (name) => isFile(join(folder, drrRatePlace(name, view))));
      table.rows.forEach((row, i) => {
        const file = drrRatePlace(names[i]!, view);
        if (there[i]) entries.push({ record: toRecord(path, row, names[i]!, view, { reports, metadata }), file, row: row.number });
        else out.count(`have no image of the view ${view} here`);
      });
    }
  }
  const notes = out.notes(rowsInAll, 'rows of labels');
  const table = findDrrRate(folder);
  if (table === undefined) throw new FileError(folder, `has no ${drrRateTables('train').labels} with a folder train beside it`);
  if (entries.length === 0) throw new FileError(table, `names no image that is here. ${notes.join(' ')}`);
  return tableDataset({
    name: 'DRR-RATE',
    credit: 'Reconstructed from computed tomography in the manner of DRR-RATE (Hou et al. 2024, CC BY-NC-SA 4.0), not taken by X-rays.',
    findings: DRR_RATE_LABELS.map((label) => label.toLowerCase()),
    folder,
    table,
    entries,
    notes,
  });
}

/** The folders of a part, one for each view. */
const viewsOf = (folder: string, part: DrrRatePart): string[] => {
  const path = join(folder, part);
  return existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map(({ name }) => name)
        .sort()
    : [];
};

/** A row of a table beside that of the labels, by the image's name. */
type RowOf = (image: string) => Row['cells'] | undefined;

async function besideTable(folder: string, place: string): Promise<RowOf> {
  const path = join(folder, place);
  if (!existsSync(path)) return () => undefined;
  const table: Table = await readTable(path);
  requireColumns(table, [NAME]);
  const rows = new Map(table.rows.map((row) => [nameOf(path, row).image, row.cells]));
  return (image) => rows.get(image);
}

/** @throws FileError where the name is none of the collection's: it is also the image's place */
function nameOf(path: string, { number, cells }: Row): DrrRateName {
  const name = parseDrrRateName(cells[NAME]!.trim());
  if (name === undefined) throw new FileError(path, `row ${number}: column ${NAME}: expected a name such as train_1_a_1.png`);
  return name;
}

function toRecord(
  path: string,
  row: Row,
  { part, patient, scan, image }: DrrRateName,
  view: string,
  { reports, metadata }: Readonly<Record<'reports' | 'metadata', RowOf>>,
): TableEntry['record'] {
  const texts = reports(image);
  const about = metadata(image);
  const text = (column: string): string | undefined => {
    const cell = texts?.[column];
    return cell === undefined || isEmptyCell(cell) ? undefined : cell.trim();
  };
  const [indication, technique, findings, impression] = ['ClinicalInformation_EN', 'Technique_EN', 'Findings_EN', 'Impressions_EN'].map(
    text,
  );
  const facts: Pick<ImageRecord, 'view' | 'age' | 'sex'> = {
    view: VIEWS[view] ?? view,
    age: ageOf(about?.PatientAge),
    sex: (['M', 'F'] as const).find((sex) => sex === about?.PatientSex?.trim()),
  };
  const found = readLabels(path, row, DRR_RATE_LABELS, (name) => name.toLowerCase());
  const shown = Object.keys(found.labels).filter((name) => found.labels[name] === 1);
  const sections = {
    ...(indication !== undefined && { indication }),
    ...(technique !== undefined && { technique }),
    ...(findings !== undefined && { findings }),
    ...(impression !== undefined && { impression }),
  };
  return {
    id: `${image}-${view}`,
    patient,
    study: scan,
    split: SPLITS[part],
    text: impression ?? findings ?? composeText(shown, facts),
    ...(Object.keys(sections).length > 0 && { sections }),
    ...facts,
    ...found,
    sides: {},
  };
}

/** Years of "062Y"; of months, weeks and days none that are whole. */
function ageOf(cell: string | undefined): number | undefined {
  const [, count, unit = 'Y'] = /^\s*(\d+)([YMWD])?\s*$/.exec(cell ?? '') ?? [];
  if (count === undefined) return undefined;
  const years = Math.floor(Number(count) / { Y: 1, M: 12, W: 52, D: 365 }[unit as 'Y']);
  return years <= 120 ? years : undefined;
}
