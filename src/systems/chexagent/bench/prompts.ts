/** How a bench's items are asked: the words that the instructions of training have. */

import type { BenchText } from './file';

/** A section to be written as a question. */
export const sectionQuestion = ({ task, given }: Pick<BenchText, 'task' | 'given'>): string => {
  if (task === 'Findings Summarization') return `Findings: ${given}\nSummarize them as an impression.`;
  const asked = 'Write the findings of this chest radiograph.';
  return given === '' ? asked : `Indication: ${given}\n${asked}`;
};

/** Whether a task shows its images: a summary is of a text alone. */
export const showsImages = (task: string): boolean => task !== 'Findings Summarization';
