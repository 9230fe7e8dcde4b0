// How long it takes to open a large collection: invented files in MIMIC-CXR-JPG's layout, as many as the real one has. Usage: node bench/indexing.mjs FOLDER [--count 300000]
// FOLDER is written where it is not there (a minute; files are sparse, 4 KB of disk each, and as long as radiographs) and kept, so that a second call measures alone.
// Prints seconds from call to dataset, seconds for all records, and the process's peak memory.
import { existsSync, mkdirSync, openSync, closeSync, ftruncateSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const { openMimic } = createRequire(import.meta.url)('roentgen-lab/datasets');
const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '300000' } } });
const [folder] = positionals;
const count = Number(values.count);
const table = (name) => join(folder, `mimic-cxr-2.0.0-${name}.csv.gz`);

// Of the real collection's 377,110 images: 227,835 studies of 65,379 patients.
const [IMAGES_A_STUDY, STUDIES_A_PATIENT] = [1.655, 3.485];
const LABELS = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Enlarged Cardiomediastinum', 'Fracture', 'Lung Lesion', 'Lung Opacity'];
const MORE_LABELS = ['No Finding', 'Pleural Effusion', 'Pleural Other', 'Pneumonia', 'Pneumothorax', 'Support Devices'];

const report = (i) =>
  `                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old with cough, number ${i}.\n \n TECHNIQUE:  Chest PA and lateral\n \n COMPARISON:  None.\n \n` +
  ` FINDINGS: \n \n The lungs are clear without focal consolidation, effusion or edema. Invented finding ${i % 977} is\n unchanged. The cardiomediastinal silhouette is within normal limits.\n \n` +
  ` IMPRESSION: \n \n No acute cardiopulmonary process, invented report ${i % 5003}.\n`;

function write() {
  const images = ['dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ViewCodeSequence_CodeMeaning'];
  const splits = ['dicom_id,study_id,subject_id,split'];
  const labels = [`subject_id,study_id,${[...LABELS, ...MORE_LABELS].join(',')}`];
  let last = -1;
  for (let i = 0; i < count; i++) {
    const s = Math.floor(i / IMAGES_A_STUDY);
    const subject = 10_000_000 + 137 * Math.floor(s / STUDIES_A_PATIENT);
    const study = 50_000_000 + 43 * s;
    const place = join(folder, 'files', `p${String(subject).slice(0, 2)}`, `p${subject}`);
    if (s !== last) {
      mkdirSync(join(place, `s${study}`), { recursive: true });
      writeFileSync(join(place, `s${study}.txt`), report(s));
      labels.push(`${subject},${study},${[...LABELS, ...MORE_LABELS].map((_, k) => ['', '1.0', '0.0', '-1.0', ''][(s * (k + 3)) % 5]).join(',')}`);
      last = s;
    }
    const id = [0, 1, 2, 3, 4].map((k) => (Math.imul(i + 1, 2_654_435_761 + 2 * k) >>> 0).toString(16).padStart(8, '0')).join('-');
    const size = 1_000_000 + (Math.imul(i, 2_246_822_519) >>> 0) % 2_000_000;
    const file = openSync(join(place, `s${study}`, `${id}.jpg`), 'w');
    writeSync(file, Buffer.from(String(i).padStart(16)), 0, 16, Math.floor(size / 2));
    ftruncateSync(file, size);
    closeSync(file);
    images.push(`${id},${subject},${study},"CHEST (PA AND LAT)",${i % 2 ? 'PA' : 'AP'},3056,2544,21800506,213014.531,postero-anterior`);
    splits.push(`${id},${study},${subject},train`);
  }
  for (const [name, lines] of Object.entries({ chexpert: labels, split: splits, metadata: images })) writeFileSync(table(name), gzipSync(lines.join('\n')));
}

if (!existsSync(table('metadata'))) write();
const start = performance.now();
const dataset = await openMimic(folder);
const opened = performance.now();
let characters = 0;
for (let i = 0; i < dataset.length; i++) characters += dataset.record(i).text.length;
const read = performance.now();
const peak = process.resourceUsage().maxRSS / 2 ** 20;
console.log(
  `${dataset.length} records: ${((opened - start) / 1000).toFixed(1)} s to open, ${((read - opened) / 1000).toFixed(1)} s for all records (${characters} characters), ${peak.toFixed(2)} GiB at most`,
);
