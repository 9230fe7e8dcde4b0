/** The few protocol-buffer wire forms that a TensorFlow GraphDef needs (protobuf.dev/programming-guides/encoding). */

/** One message being written; fields are appended in the order of the calls. */
export class Message {
  private readonly chunks: Uint8Array[] = [];
  private size = 0;

  private append(bytes: Uint8Array): this {
    this.chunks.push(bytes);
    this.size += bytes.length;
    return this;
  }

  private varint(value: number | bigint): this {
    let remaining = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (remaining > 127n) {
      bytes.push(Number(remaining & 127n) | 128);
      remaining >>= 7n;
    }
    bytes.push(Number(remaining));
    return this.append(Uint8Array.from(bytes));
  }

  /** An integer, enum or boolean field. */
  int(field: number, value: number | bigint): this {
    return this.varint(field << 3).varint(value);
  }

  /** A 32-bit float field. */
  float(field: number, value: number): this {
    return this.varint((field << 3) | 5).append(new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A 64-bit float field. */
  double(field: number, value: number): this {
    return this.varint((field << 3) | 1).append(new Uint8Array(Float64Array.of(value).buffer));
  }

  /** A string, bytes or message field. */
  bytes(field: number, value: string | Uint8Array | Message): this {
    const encoded = typeof value === 'string' ? Buffer.from(value) : value instanceof Message ? value.finish() : value;
    return this.varint((field << 3) | 2)
      .varint(encoded.length)
      .append(encoded);
  }

  /** A packed list of integers. */
  packed(field: number, values: readonly number[]): this {
    const list = new Message();
    for (const value of values) list.varint(value);
    return this.bytes(field, list);
  }

  finish(): Uint8Array {
    const encoded = new Uint8Array(this.size);
    let offset = 0;
    for (const chunk of this.chunks) {
      encoded.set(chunk, offset);
      offset += chunk.length;
    }
    return encoded;
  }
}
