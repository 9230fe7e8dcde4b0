import { test } from 'node:test';
import { verifyFixtures } from '../networks';

test('joint AdamW steps, min-SNR weights, v-prediction, schedules and averages agree with torch and diffusers', (t) =>
  verifyFixtures(t, 'training/'));
