/** What goes wrong on the device, in one sentence. */

import type { Program } from './xla-addons';
import { deviceName, type XlaDevice } from './xla-device';

/** What makes a program smaller. */
const ADVICE = 'take a smaller batch (with more accumulation), checkpointing or bfloat16';

const GiB = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** The device could not compile, hold or compute something. */
export class DeviceError extends Error {
  override name = 'DeviceError';

  constructor(
    message: string,
    /** Whether memory was missing: then the state is as it was before the call. */
    readonly outOfMemory: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Runs something on the device; what it throws becomes a DeviceError. */
  static during<T>(device: XlaDevice, body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof DeviceError || !(error instanceof Error)) throw error;
      const { code } = error as NodeJS.ErrnoException;
      const outOfMemory = code === 'RESOURCE_EXHAUSTED' || /out of memory/i.test(error.message);
      const what = error.message.split('\n')[0]!.slice(0, 300);
      const sentence = outOfMemory
        ? `${deviceName(device)} is out of memory${memoryOf(device)}; ${ADVICE}, or end other programs on it ("nvidia-smi")`
        : `${deviceName(device)}: ${what}`;
      throw new DeviceError(sentence, outOfMemory, { cause: error });
    }
  }
}

/** What a device counts of its memory, bytes; some count nothing. */
export function deviceMemory({ pjrt }: XlaDevice): { readonly used: number; readonly limit?: number } | undefined {
  try {
    return pjrt.memory();
  } catch {
    return undefined;
  }
}

function memoryOf(device: XlaDevice): string {
  const { used, limit } = deviceMemory(device) ?? {};
  return limit === undefined ? '' : ` (${GiB(used!)} of ${GiB(limit)} are taken)`;
}

/**
 * Refuses a program that the device has no room for, before anything is there.
 *
 * @throws DeviceError saying what it takes, and what makes it smaller
 */
export function expectFits(device: XlaDevice, program: Program): void {
  const limit = deviceMemory(device)?.limit;
  if (limit === undefined) return;
  const { arguments: given, outputs, aliased, temporary } = device.pjrt.programMemory(program);
  const needed = given + outputs - aliased + temporary;
  if (needed <= limit) return;
  device.pjrt.free([program]);
  throw new DeviceError(
    `this function takes ${GiB(needed)} (${GiB(given)} of them state and inputs), and ${deviceName(device)} has ${GiB(limit)} for this process; ${ADVICE}, or a GPU with more memory`,
    true,
  );
}
