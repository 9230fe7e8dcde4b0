import { testDevices } from './shared-batches';

testDevices(2);
