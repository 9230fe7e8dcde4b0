/** What is one paper's own: RadGraph's annotations and its F1. */

export {
  type AnnotatedTwice,
  type AnnotatorAgreement,
  annotatorAgreement,
  type RadGraphEntity,
  type RadGraphReport,
  type RadGraphRewards,
  radGraphRewards,
  relationKinds,
  type SetAgreement,
} from './radgraph';
