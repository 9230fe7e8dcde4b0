/** What other rooms use of this one beside its public names. */

export { bootstrapMean, textOf } from './estimate';
export { writeIndex } from './index-page';
export { cellText, columnsOf, numericColumns } from './shown';
