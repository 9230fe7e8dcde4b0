/** The dataset that reports make where their images are not here: texts, labels and tables work, training says what is missing. */

import { FileError } from '../files';
import { checkIndex, type Dataset, type ImageRecord } from './dataset';
import { frequentFindings } from './frequent-findings';

/**
 * A dataset of reports, a record each.
 *
 * @param options.folder        where they are read from, for errors
 * @param options.withoutImages what to do to have images, as a sentence goes on: "has no images; …"
 */
export function reportsDataset(options: {
  name: string;
  credit: string;
  findings: readonly string[];
  folder: string;
  records: readonly ImageRecord[];
  notes: readonly string[];
  withoutImages: string;
}): Dataset {
  const { name, credit, folder, records, notes, withoutImages } = options;
  const self = { name, length: records.length };
  return {
    ...self,
    credit,
    findings: frequentFindings(records, options.findings),
    notes: [...notes, `There are no images here: each of the ${records.length} reports counts as one.`],
    withoutImages,
    record(i) {
      checkIndex(self, i);
      return records[i]!;
    },
    async pixels(i) {
      checkIndex(self, i);
      throw new FileError(folder, `has no images; ${withoutImages}`);
    },
  };
}
