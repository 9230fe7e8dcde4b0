/** The dataset that a table of image files makes. */

import { createHash } from 'node:crypto';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type DicomGreys, FileError } from '../files';
import { checkIndex, type Dataset, type ImageRecord } from './dataset';
import { decodeOnThread } from './decode-pool';
import { sharedDepth } from './depth';
import { findImages } from './find-images';
import { frequentFindings } from './frequent-findings';
import { type ImagePlace, placeKey, readPlace } from './image-place';
import { type FileFacts, lookAt } from './look';
import { nameRows } from './read-table';
import { type ImageFile, joinPatients, sameImages } from './same-image';
import { decodeSquare, inLevels, shortSide } from './square';

/** An image in an archive: its name there, and where its bytes are. */
export interface TableMember {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** One image of a table. */
export interface TableEntry {
  /** Without a patient where nothing tells patients apart: each image is then one of its own. */
  readonly record: Omit<ImageRecord, 'patient' | 'group' | 'file'> & { readonly patient?: string };
  /** Relative to the folder, or absolute. */
  readonly file: string;
  /** The file, where the caller has looked at it already. */
  readonly found?: FileFacts;
  /** Where `file` is an archive: the image in it. */
  readonly member?: TableMember;
  /** Of the table (`Row.number`), or the sample of an archive, counted from 1; absent where it comes from neither. */
  readonly row?: number;
  /** Its place in words, such as `split train, study "7"`, where the table has no rows. */
  readonly where?: string;
}

/** An entry's place, for errors; undefined where it has none. */
const whereOf = ({ row, where }: TableEntry): string | undefined => where ?? (row === undefined ? undefined : `row ${row}`);

/**
 * A dataset of image files. That every file is there is checked now, that it is an image when its pixels are asked for. Records that show the same image
 * share a group, and so do their patients.
 *
 * @param options.findings labels worth measuring where enough images show them (`frequentFindings`)
 * @param options.table    the file that names the images, for errors
 * @param options.notes    what was left out before
 * @throws FileError naming the rows whose image is missing
 */
export async function tableDataset(options: {
  name: string;
  credit: string;
  findings: readonly string[];
  folder: string;
  table: string;
  entries: readonly TableEntry[];
  notes?: readonly string[];
  /** Whether the caller named the table: its paths may then lead out of the folder. */
  own?: boolean;
}): Promise<Dataset> {
  const { name, credit, table, entries, notes = [], own = false } = options;
  if (!own) refuseOutside(options);
  const files = await findFiles(options);
  const same = await sameImages(files);
  const places = files.map(({ path }, i) => [placeIn(options.folder, path), entries[i]!.member?.name].filter(Boolean).join('/'));
  const ids = uniqueIds(entries);
  const records = entries.map(
    ({ record }, i): ImageRecord => ({
      source: name,
      ...record,
      id: ids[i]!,
      patient: record.patient ?? places[same[i]!]!,
      file: places[i]!,
    }),
  );
  const groups = joinPatients(
    records.map(({ patient }) => patient),
    same,
  );
  groups.forEach((group, i) => {
    if (group !== records[i]!.patient) records[i] = { ...records[i]!, group };
  });
  const findings = frequentFindings(records, options.findings);
  const self = { name, length: entries.length };
  const read = (places: readonly (FoundFile & ImagePlace)[], greys?: DicomGreys): Dataset => {
    const depth = sharedDepth([...new Map(places.map((place) => [placeKey(place), place])).values()]);
    return {
      ...self,
      credit,
      findings,
      notes,
      fingerprint: fingerprintOf(places, greys),
      record(i) {
        checkIndex(self, i);
        return records[i]!;
      },
      readingNotes: depth.notes,
      withGreys: (other) =>
        read(
          places.map((place) => ({ ...place, greys: other })),
          other,
        ),
      async original(i) {
        checkIndex(self, i);
        return { name: entries[i]!.member?.name ?? basename(places[i]!.path), bytes: await readPlace(places[i]!) };
      },
      async shortSide(i) {
        checkIndex(self, i);
        return shortSide(places[i]!);
      },
      async pixels(i, size, threads = 0) {
        checkIndex(self, i);
        const place = places[i]!;
        try {
          const square = await (threads > 0 ? decodeOnThread(place, size, threads) : decodeSquare(place, size));
          return inLevels(square, square.bits && (await depth.bits(place, square.bits)));
        } catch (error) {
          const { row, member } = entries[i]!;
          const where = whereOf(entries[i]!);
          if (!(error instanceof FileError) || where === undefined) throw error;
          const message = error.message.replace(`${error.path}: `, '');
          throw new FileError(error.path, `${message}; ${member ? `sample ${row}` : `${where} of ${basename(table)}`}`, error.cause);
        }
      },
    };
  };
  return read(files);
}

/** Changes with the files, and with the way from their values to greys. */
function fingerprintOf(files: readonly FoundFile[], greys: DicomGreys | undefined): string {
  const hash = createHash('sha256');
  for (const { path, offset, size, modified } of files)
    hash.update(JSON.stringify([path, size, modified, ...(offset === undefined ? [] : [offset])]));
  if (greys !== undefined) hash.update(JSON.stringify(greys));
  return hash.digest('hex');
}

/** Their ids; of rows that share one, as rows of one file do, the later ones with their number behind it. */
function uniqueIds(entries: readonly TableEntry[]): string[] {
  const used = new Set<string>();
  return entries.map(({ record: { id }, row }, i) => {
    const unique = used.has(id) ? `${id}#${row ?? i}` : id;
    used.add(unique);
    return unique;
  });
}

/** A path from the folder, with slashes on every system; absolute where it lies elsewhere. */
function placeIn(folder: string, path: string): string {
  const inside = folder.endsWith(sep) ? folder : folder + sep;
  if (sep === '/' && path.startsWith(inside) && isAbsolute(folder)) return path.slice(inside.length); // the usual case, and quick
  const place = relative(folder, path);
  return place.startsWith('..') || isAbsolute(place) ? path : place.replaceAll('\\', '/');
}

/** @throws FileError for a path that leads out of the folder, in a table that came with the data */
function refuseOutside({ folder, table, entries }: { folder: string; table: string; entries: readonly TableEntry[] }): void {
  for (const entry of entries) {
    const { file, found } = entry;
    if (found) continue;
    const [place, where] = [relative(folder, resolve(folder, file)), whereOf(entry)];
    if (place.split(sep)[0] === '..' || isAbsolute(place))
      throw new FileError(
        table,
        `${where === undefined ? 'an image' : `${where}: its image`} lies outside the folder; expected a path from the folder, without ..`,
      );
  }
}

type FoundFile = ImageFile & { readonly modified: number };

async function findFiles({
  folder,
  table,
  entries,
}: {
  folder: string;
  table: string;
  entries: readonly TableEntry[];
}): Promise<FoundFile[]> {
  const distinct = [...new Set(entries.flatMap(({ file, found }) => (found ? [] : resolve(folder, file))))];
  const looked = await lookAt('facts', { before: [''], items: distinct, after: [''] });
  const facts = new Map(distinct.map((path, i) => [path, looked[i]]));
  const missing: TableEntry[] = [];
  const files = entries.flatMap((entry): FoundFile[] => {
    const { file, found = facts.get(resolve(folder, file)), member } = entry;
    if (!found) missing.push(entry);
    if (!found || !member) return found ? [found] : [];
    const { path, modified, identity } = found;
    return [{ path, offset: member.offset, size: member.size, modified, identity: `${identity} ${member.offset}` }];
  });
  if (missing.length === 0) return files;
  const rows = missing.flatMap(({ row }) => row ?? []);
  const names = rows.length > 0 ? nameRows(rows) : missing[0]!.where;
  const { file } = missing[0]!;
  const elsewhere = (await findImages(folder).catch(() => undefined))?.(file);
  throw new FileError(
    table,
    `${missing.length} of ${entries.length} images are missing${names === undefined ? '' : ` (${names}${rows.length === 0 && missing.length > 1 ? ' and others' : ''})`}; the first is ${isAbsolute(file) ? file : join(folder, file)}` +
      `${elsewhere ? `, but there is ${elsewhere}: the column must hold paths from the folder` : ''}`,
  );
}
