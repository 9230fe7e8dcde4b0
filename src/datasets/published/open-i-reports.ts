/** Open-i's reports as published: XML files, in a folder or in the archive that they come in. */

import { basename, join } from 'node:path';
import { SaxesParser } from 'saxes';
import { FileError, readText } from '../../files';
import { cleanText } from '../../reports';
import type { RecordSections } from '../dataset';
import { filesBelow } from '../find-images';
import { tarMembers } from '../tar';
import { filledSections } from './report-record';

/** One report. */
export interface OpenIReport {
  /** `CXR` and a number. */
  readonly id: string;
  readonly sections: RecordSections;
  /** Names of its images' files without ending. */
  readonly images: readonly string[];
}

/** A report has a few kilobytes. */
const MOST_BYTES = 2 ** 20;

/**
 * Reads all reports, in the order of their files' names.
 *
 * @param path the archive, or a folder of XML files at any depth that `filesBelow` sees
 * @throws FileError where there are none, or a file is no XML, has no id or that of another
 */
export async function readOpenI(path: string): Promise<OpenIReport[]> {
  const reports = /\.tgz$/i.test(path) ? await readArchive(path) : await readFolder(path);
  if (reports.length === 0) throw new FileError(path, 'holds no reports; expected the XML files of NLMCXR_reports.tgz');
  const files = new Map<string, string>();
  for (const { file, report } of reports) {
    const other = files.get(report.id);
    if (other !== undefined) throw new FileError(path, `${file} has the report id of ${other}; each report has its own`);
    files.set(report.id, file);
  }
  return reports.map(({ report }) => report);
}

interface ReportFile {
  readonly file: string;
  readonly report: OpenIReport;
}

async function readFolder(folder: string): Promise<ReportFile[]> {
  const reports: ReportFile[] = [];
  for (const path of await filesBelow(folder))
    if (path.endsWith('.xml')) reports.push({ file: basename(path), report: parseReport(path, await readText(path)) });
  return reports;
}

async function readArchive(archive: string): Promise<ReportFile[]> {
  const reports: ReportFile[] = [];
  for await (const { name, bytes } of tarMembers(archive)) {
    if (!name.endsWith('.xml')) continue;
    reports.push({ file: name, report: parseReport(join(archive, name), new TextDecoder().decode(await bytes(MOST_BYTES))) });
  }
  return reports.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The labels of an abstract's parts that are sections of a report. */
const SECTIONS = { FINDINGS: 'findings', IMPRESSION: 'impression', INDICATION: 'indication', COMPARISON: 'comparison' } as const;

/** What is needed of one XML report. @throws FileError where it is not XML or has no id */
function parseReport(path: string, xml: string): OpenIReport {
  let id = '';
  let section: (typeof SECTIONS)[keyof typeof SECTIONS] | undefined;
  const texts: { -readonly [S in keyof RecordSections]: string } = {};
  const images: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw new FileError(path, `is not valid XML: ${error.message}`, error);
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'uId') id = attributes.id ?? '';
    if (name === 'parentImage' && attributes.id) images.push(attributes.id);
    section = name === 'AbstractText' ? SECTIONS[attributes.Label as keyof typeof SECTIONS] : undefined;
  });
  parser.on('closetag', () => {
    section = undefined;
  });
  const take = (text: string): void => {
    if (section) texts[section] = (texts[section] ?? '') + text;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.write(xml).close();
  if (id === '') throw new FileError(path, 'has no report id (uId)');
  return { id, sections: cleanSections(texts), images };
}

/** Sections on one line each, without blanks of de-identification. */
export function cleanSections(texts: RecordSections): RecordSections {
  return filledSections(Object.fromEntries(Object.entries(texts).map(([kind, text]) => [kind, cleanText(text)])));
}
