// What SEI's texts become of real reports: indications cleaned, sections, structural entities (SEE); counts alone, no text.
// Usage: node bench/reports/structural.mjs NLMCXR_reports.tgz [--radgraph found.json] [--notes metadata.csv] [--json]
// `--radgraph`: entities of the same reports, of `roentgen radgraph infer MODEL --data FOLDER --out found.json`. `--notes`: the COVID collection's table, whose clinical notes have no sections.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { readOpenI } = require('roentgen-lab/datasets');
const { parse } = require('papaparse');
const { cleanIndications, coreFindings, readAnnotations } = require('roentgen-lab/systems');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { radgraph: { type: 'string' }, notes: { type: 'string' }, json: { type: 'boolean' } },
});
const [archive] = positionals;
if (archive === undefined) throw new Error('name the archive of reports, NLMCXR_reports.tgz');

const started = performance.now();
const reports = await readOpenI(archive);
const SECTIONS = ['indication', 'comparison', 'findings', 'impression'];
const has = (section) => reports.filter(({ sections }) => (sections[section] ?? '').trim() !== '').length;
const counts = {
  reports: reports.length,
  sections: Object.fromEntries(SECTIONS.map((section) => [section, has(section)])),
  'findings or impression': reports.filter(({ sections }) => `${sections.findings ?? ''}${sections.impression ?? ''}`.trim() !== '').length,
  indications: cleanIndications(reports.map(({ sections }) => sections.indication)).counts,
  ...(values.notes !== undefined && { 'clinical notes': notesOf(values.notes) }),
  ...(values.radgraph !== undefined && { 'structural entities': await entitiesOf(values.radgraph) }),
};
if (values.json) console.log(JSON.stringify({ ...counts, seconds: (performance.now() - started) / 1000 }, null, 2));
else print(counts);

/** The notes as texts to be cleaned: what the rules do to prose that is no indication. */
function notesOf(path) {
  const { data } = parse(readFileSync(path, 'utf8'), { header: true, skipEmptyLines: true });
  return cleanIndications(data.map(({ clinical_notes: note }) => note)).counts;
}

async function entitiesOf(path) {
  const documents = await readAnnotations(path);
  const { byKey, counts: found } = coreFindings(documents);
  const all = [...byKey.values()].flat();
  const front = (word) => all.filter((sentence) => sentence.startsWith(`${word} `)).length;
  const words = (texts) => texts.reduce((sum, text) => sum + text.split(/\s+/).filter(Boolean).length, 0);
  return {
    ...found,
    'that begin with no': front('no'),
    'that begin with maybe': front('maybe'),
    'words of the reports': words(documents.map(({ annotations: [{ text }] }) => text)),
    'words that are left': words(all),
  };
}

function print(object, indent = '') {
  for (const [name, value] of Object.entries(object))
    if (typeof value === 'object') {
      console.log(`${indent}${name}:`);
      print(value, `${indent}  `);
    } else console.log(`${indent}${name}: ${value}`);
}
