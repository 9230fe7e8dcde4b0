import { parts } from './small';
import { workshop } from './workshop';

workshop(parts.systems);
