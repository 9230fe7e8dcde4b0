import { checkOperations } from './ops-cases';

checkOperations('tensorflow');
