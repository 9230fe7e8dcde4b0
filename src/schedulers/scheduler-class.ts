/** How a method's file announces itself to `createScheduler`. */

import type { CommonConfig, ConfigRules } from './config';
import type { StepsRequest } from './schedule';
import type { Method } from './scheduler';

export interface SchedulerClass<C extends CommonConfig = CommonConfig> extends ConfigRules<C> {
  /** `_class_name` of scheduler_config.json. */
  readonly className: string;
  /** Name on the command line and in `textToImage`. */
  readonly shortName: string;
  build(config: C, request: StepsRequest): Method;
}
