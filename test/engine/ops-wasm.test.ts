import { startEngine } from 'roentgen-lab/engine';
import { checkOperations } from './ops-cases';

// Before the first test asks for the engine: a process has one.
void startEngine({ backend: 'wasm' });
checkOperations('wasm');
