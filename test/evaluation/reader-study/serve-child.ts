/** A process that serves a reader's page until it is killed. */
import { servePage } from './study-for-tests';

servePage(process.argv[2]!, 'Anna', { pairs: 30, texts: 20 }).then(({ address, ids }) => process.send!({ address, ids }));
