/** Of a class of ninety minutes, those after the quickstart, which has tests of its own. */
import { parts } from './small';
import { workshop } from './workshop';

workshop(parts.class.slice(1));
