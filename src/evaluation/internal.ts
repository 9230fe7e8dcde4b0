/** What other rooms use of this one beside its public names. */

export { writeIndex } from './index-page';
export { cellText, columnsOf, numericColumns } from './shown';
