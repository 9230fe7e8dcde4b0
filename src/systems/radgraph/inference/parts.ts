/** Annotating many reports in parts: what is done is kept, so that an interrupted work goes on and processes share it. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, type RowsPart, readObject, writeJson } from '../../../files';
import type { RadGraphReport } from '../annotation';
import type { RadGraphReader } from '../network/reader';
import { writeAnnotations } from '../schema/files';
import { tokensOf } from '../schema/tokens';

/** A report to annotate. */
export interface ReportText {
  /** Unique. Never logged. */
  readonly key: string;
  readonly text: string;
}

/** What came of a part, and of all. */
export interface AnnotatedCounts {
  readonly reports: number;
  /** Without any token: they are not in the file. */
  readonly empty: number;
  /** Longer than what is read, and the words behind it. */
  readonly cut: number;
  readonly lostWords: number;
  /** Relations left out since they closed a circle. */
  readonly circles: number;
  readonly entities: number;
  readonly relations: number;
}

interface Part {
  readonly identity: string;
  readonly counts: AnnotatedCounts;
  readonly documents: Readonly<Record<string, RadGraphReport>>;
}

export interface AnnotateAllOptions {
  readonly reader: RadGraphReader;
  readonly reports: readonly ReportText[];
  /** The JSON file. Parts lie beside it, in a folder of its name and `.parts`, until all are there. */
  readonly out: string;
  /** What the annotations follow from beside the texts: the network's hash. */
  readonly identity: string;
  /** Where reports are from, for the file. */
  readonly source: string;
  /** The parts that this process makes, where several share the work; then no file is written. */
  readonly part?: RowsPart;
  /** Makes nothing: what is missing is an error. */
  readonly merge?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Reports of a part. */
const SIZE = 256;
/** Of what a part holds. */
const VERSION = 1;

/**
 * Annotates reports and writes them in RadGraph's form (`data_split` is `inference`), in their order.
 *
 * @returns the counts of all; undefined where only a part of them was asked for
 * @throws FileError where two reports share a key, or with `merge` parts are missing; the signal's reason where it was raised: what is done stays
 */
export async function annotateAll(options: AnnotateAllOptions): Promise<AnnotatedCounts | undefined> {
  const { reports, out, part, merge = false, signal, onProgress } = options;
  expectUnique(out, reports);
  const folder = `${out}.parts`;
  const count = Math.ceil(reports.length / SIZE);
  const missing: string[] = [];
  let done = 0;
  for (let i = 0; i < count; i++) {
    const some = reports.slice(i * SIZE, (i + 1) * SIZE);
    if (part && i % part.count !== part.index) continue;
    const path = join(folder, `${String(i).padStart(6, '0')}.json`);
    const identity = identityOf(options, some);
    if (!(await isKept(path, identity))) {
      if (merge) missing.push(path);
      else {
        const before = done;
        await writeJson(path, { identity, ...(await annotatePart(options, some, (now) => onProgress?.(before + now, reports.length))) });
      }
    }
    done += some.length;
    onProgress?.(done, reports.length);
    signal?.throwIfAborted();
  }
  if (missing.length > 0)
    throw new FileError(
      folder,
      `${missing.length} of ${count} parts are not there; run those (--shard I/N) that make them:\n${missing.join('\n')}`,
    );
  if (part) return undefined;
  return await joinParts(options, folder, count);
}

function expectUnique(out: string, reports: readonly ReportText[]): void {
  const seen = new Set<string>();
  for (const [i, { key }] of reports.entries()) {
    if (seen.has(key)) throw new FileError(out, `report ${i + 1} has the key of another one`);
    seen.add(key);
  }
}

const identityOf = ({ identity, source }: AnnotateAllOptions, reports: readonly ReportText[]): string =>
  createHash('sha256')
    .update(JSON.stringify([VERSION, identity, source, reports.map(({ key, text }) => [key, text])]))
    .digest('hex');

async function isKept(path: string, identity: string): Promise<boolean> {
  return existsSync(path) && (await readObject<Part>(path)).identity === identity;
}

async function annotatePart(
  { reader, source, signal }: AnnotateAllOptions,
  reports: readonly ReportText[],
  onProgress: (done: number) => void,
): Promise<Omit<Part, 'identity'>> {
  const annotated = await reader.annotate(
    reports.map(({ text }) => text),
    { ...(signal && { signal }), onProgress },
  );
  const documents: Record<string, RadGraphReport> = {};
  let counts: AnnotatedCounts = { reports: 0, empty: 0, cut: 0, lostWords: 0, circles: 0, entities: 0, relations: 0 };
  annotated.forEach(({ report, lostWords, circles }, i) => {
    const entities = Object.values(report.entities);
    const isEmpty = tokensOf(report.text).length === 0;
    counts = added(counts, {
      reports: 1,
      empty: Number(isEmpty),
      cut: Number(lostWords > 0),
      lostWords,
      circles,
      entities: entities.length,
      relations: entities.reduce((sum, { relations }) => sum + relations.length, 0),
    });
    if (!isEmpty) documents[reports[i]!.key] = { ...report, data_source: source, data_split: 'inference' };
  });
  return { counts, documents };
}

const added = (a: AnnotatedCounts, b: AnnotatedCounts): AnnotatedCounts =>
  Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, value + b[name as keyof AnnotatedCounts]]),
  ) as unknown as AnnotatedCounts;

/** One file of all parts, which are then removed. */
async function joinParts({ out }: AnnotateAllOptions, folder: string, count: number): Promise<AnnotatedCounts> {
  const parts: Part[] = [];
  for (let i = 0; i < count; i++) parts.push(await readObject<Part>(join(folder, `${String(i).padStart(6, '0')}.json`)));
  const documents = parts.flatMap((part) => Object.entries(part.documents));
  await writeAnnotations(
    out,
    documents.map(([key, report]) => ({ key, annotations: [report] })),
  );
  await rm(folder, { recursive: true, force: true });
  return parts.map(({ counts }) => counts).reduce(added);
}
