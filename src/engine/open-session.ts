/** What runs a recorded graph: XLA on a device where there is one and it has a form of the graph, else TensorFlow. */

import type { RecordedGraph } from './graph';
import type { Session } from './session';
import { TensorFlowSession } from './tensorflow-session';
import { xlaDevice } from './xla-device';
import { openXlaSession } from './xla-session';

/** Opens a session for a graph, without a state yet where it has one. */
export function openSession(graph: RecordedGraph): Session {
  return (xlaDevice() && openXlaSession(graph)) || new TensorFlowSession(graph);
}
