/**
 * TensorBoard's event files: TFRecords (length, masked CRC-32C, Event message) of scalars. Formats: tensorflow/core/lib/io/record_writer.h,
 * tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Message } from '../engine/internal';

export interface EventFile {
  /** Values of one step, by tag. */
  scalars(step: number, values: Readonly<Record<string, number>>): void;
  close(): void;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1; // Castagnoli's polynomial
  return crc;
});

/** CRC-32C, rotated and shifted as TFRecords store it. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255]!;
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A payload with its length and checks. */
export function tfRecord(payload: Uint8Array): Uint8Array {
  const record = Buffer.alloc(16 + payload.length);
  record.writeBigUInt64LE(BigInt(payload.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(payload, 12);
  record.writeUInt32LE(maskedCrc32c(payload), 12 + payload.length);
  return record;
}

/** Starts a new event file in a folder; TensorBoard reads all files of a folder as one run. */
export function openEventFile(folder: string): EventFile {
  const seconds = Date.now() / 1000;
  const file = openSync(join(folder, `events.out.tfevents.${Math.floor(seconds)}.${hostname()}.${process.pid}`), 'a');
  const event = (): Message => new Message().double(1, Date.now() / 1000); // wall_time
  writeSync(file, tfRecord(event().bytes(3, 'brain.Event:2').finish()));
  return {
    scalars(step, values) {
      const summary = new Message();
      for (const [tag, value] of Object.entries(values)) summary.bytes(1, new Message().bytes(1, tag).float(2, value));
      writeSync(file, tfRecord(event().int(2, step).bytes(5, summary).finish()));
    },
    close: () => closeSync(file),
  };
}
