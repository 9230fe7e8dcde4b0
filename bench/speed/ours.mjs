// Our side of a row: the process that `roentgen bench` starts, too (src/cli/bench/worker.ts).

import '#cli/bench/worker';
