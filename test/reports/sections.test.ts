import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectImpressions } from '#reports/impressions';
import { cleanText, reportSections } from '#reports/sections';

/** Invented, in MIMIC-CXR's layout. */
const REPORT = `                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___ year old woman with cough, rule out
 pneumonia.

 TECHNIQUE:  Two views.

 COMPARISON:  ___.

 FINDINGS:

 Small left effusion.  The line ends at the level of T4: see below.

 IMPRESSION:

 1. Small left
 pleural effusion.
 2. No pneumonia.
`;

test('sections are found by headings in capitals at the beginning of a line', () => {
  const { sections, ...texts } = reportSections(REPORT);
  assert.deepEqual(
    sections.map(({ kind, heading }) => [kind, heading]),
    [
      ['other', ''],
      ['technique', 'EXAMINATION'],
      ['indication', 'INDICATION'],
      ['technique', 'TECHNIQUE'],
      ['comparison', 'COMPARISON'],
      ['findings', 'FINDINGS'],
      ['impression', 'IMPRESSION'],
    ],
  );
  assert.equal(texts.impression, '1. Small left pleural effusion. 2. No pneumonia.');
  assert.equal(texts.findings, 'Small left effusion. The line ends at the level of T4: see below.');
  assert.equal(texts.indication, 'year old woman with cough, rule out pneumonia.');
  assert.equal(texts.technique, 'Two views.');
  assert.equal(texts.lastParagraph, undefined);
  assert.equal(REPORT.slice(sections[3]!.start, sections[3]!.end).trim(), 'Two views.');
});

test('headings have many names', () => {
  const kinds = {
    CONCLUSION: 'impression',
    IMPRESSIONS: 'impression',
    'FINDINGS AND IMPRESSION': 'impression',
    'FINDINGS/IMPRESSION': 'impression',
    FINDING: 'findings',
    'REASON FOR EXAM': 'indication',
    'REASON FOR EXAMINATION': 'indication',
    'CLINICAL HISTORY': 'indication',
    HISTORY: 'indication',
    'COMPARISON STUDY': 'comparison',
    COMPARISONS: 'comparison',
    PROCEDURE: 'technique',
    NOTIFICATION: 'other',
  };
  for (const [heading, kind] of Object.entries(kinds)) assert.equal(reportSections(`${heading}: text`).sections[0]!.kind, kind, heading);
});

test('without headings the last paragraph stands for the impression', () => {
  const { lastParagraph, impression } = reportSections('Two views of the chest.\n\nThe lungs are\nclear.\n\n');
  assert.equal(lastParagraph, 'The lungs are clear.');
  assert.equal(impression, undefined);
  assert.equal(reportSections('').lastParagraph, undefined);
});

test('an empty section is none', () => {
  const { impression, findings } = reportSections('FINDINGS: Clear.\nIMPRESSION:\n');
  assert.equal(findings, 'Clear.');
  assert.equal(impression, undefined);
});

test('blanks of de-identification and white space are cleaned', () => {
  assert.equal(cleanText('Dr. ___  was told\n at [** Time **]. XXXX opacity , unchanged ( ___ ).'), 'Dr. was told at. opacity, unchanged.');
});

test("impressions follow RoentGen's rules, and what is left out is counted", () => {
  const tokenizer = { encode: (text: string) => ({ lostTokens: Math.max(0, text.split(' ').length + 2 - 8) }) };
  const reports = [REPORT, 'IMPRESSION: Normal.', 'IMPRESSION: OK', 'FINDINGS: Clear.', 'The lungs are clear.', ''];
  assert.deepEqual(selectImpressions(reports, tokenizer), {
    kept: [
      { index: 1, impression: 'Normal.' },
      { index: 4, impression: 'The lungs are clear.' },
    ],
    missing: 2,
    tooShort: 1,
    tooLong: 1,
  });
});
