/** What goes wrong on the device, in one sentence. */

import { deviceName, type XlaDevice } from './xla-device';

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
        ? `${deviceName(device)} is out of memory${memoryOf(device)}; take a smaller batch (with more accumulation), checkpointing or bfloat16, or end other programs on it ("nvidia-smi")`
        : `${deviceName(device)}: ${what}`;
      throw new DeviceError(sentence, outOfMemory, { cause: error });
    }
  }
}

function memoryOf({ pjrt }: XlaDevice): string {
  try {
    const { used, limit } = pjrt.memory();
    return limit === undefined ? '' : ` (${GiB(used)} of ${GiB(limit)} are taken)`;
  } catch {
    return ''; // a device that does not count it
  }
}
