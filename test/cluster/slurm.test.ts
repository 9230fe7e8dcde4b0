import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slurmCluster, slurmNodes } from '#engine/internal';

test('lists of nodes as Slurm writes them, with ranges, leading zeros and several brackets', () => {
  assert.deepEqual(slurmNodes('gpu[01-03,7],login'), ['gpu01', 'gpu02', 'gpu03', 'gpu7', 'login']);
  assert.deepEqual(slurmNodes('r[1-2]n[09-10]'), ['r1n09', 'r1n10', 'r2n09', 'r2n10']);
  assert.deepEqual(slurmNodes('one'), ['one']);
});

const step = {
  SLURM_JOB_ID: '5',
  SLURM_STEP_ID: '0',
  SLURM_STEP_NUM_TASKS: '3',
  SLURM_STEP_NODELIST: 'a[1-2]',
  SLURM_STEP_TASKS_PER_NODE: '2,1',
  SLURM_PROCID: '2',
  SLURM_NODEID: '1',
};

test('rank and addresses follow from what srun gives a task; one task, and what is no step, is no cluster', () => {
  assert.deepEqual(slurmCluster(step), { rank: 2, addresses: ['a1:20320', 'a1:20321', 'a2:20320'] });
  assert.deepEqual(slurmCluster({ ...step, ROENTGEN_PORT: '7000' })!.addresses, ['a1:7000', 'a1:7001', 'a2:7000']);
  const many = {
    ...step,
    SLURM_STEP_NUM_TASKS: '7',
    SLURM_STEP_NODELIST: 'n[1-4]',
    SLURM_STEP_TASKS_PER_NODE: '2(x3),1',
    SLURM_PROCID: '6',
    SLURM_NODEID: '3',
  };
  assert.equal(slurmCluster(many)!.addresses.at(-1), 'n4:20320');
  for (const changes of [{ SLURM_STEP_NUM_TASKS: '1' }, { SLURM_PROCID: undefined }, { SLURM_STEP_NODELIST: undefined }])
    assert.equal(slurmCluster({ ...step, ...changes }), undefined);
  assert.equal(slurmCluster({}), undefined);
  assert.throws(
    () => slurmCluster({ ...step, SLURM_NODEID: '0' }),
    /RangeError: srun: tasks must be placed in blocks.*--distribution=block/,
  );
  assert.throws(() => slurmCluster({ ...step, SLURM_STEP_TASKS_PER_NODE: '1,1' }), /--distribution=block/);
});
