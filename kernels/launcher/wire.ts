/**
 * Jupyter's wire protocol: a message is a list of ZeroMQ frames,
 * `[...routing ids, <IDS|MSG>, signature, header, parent header, metadata, content, ...buffers]`,
 * signed with HMAC-SHA256 over the four JSON frames (the buffers are not signed).
 *
 * Source: "Messaging in Jupyter", the wire protocol (jupyter-client.readthedocs.io).
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** The header of a message, and the parent header of what answers it. */
export interface Header {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

/** What a message says; its fields depend on the message type. */
// biome-ignore lint/suspicious/noExplicitAny: content is JSON whose shape the message type decides
export type Content = Record<string, any>;

/** A decoded message. */
export interface Message {
  /** Routing frames that a Router socket needs to answer. */
  readonly ids: readonly Buffer[];
  readonly header: Header;
  /** The header of the message that this one answers; empty where there is none. */
  readonly parent: Partial<Header>;
  readonly metadata: Content;
  readonly content: Content;
  readonly buffers: readonly Buffer[];
}

/** The optional parts of a message to be sent. */
export interface Envelope {
  readonly ids?: readonly (Buffer | string)[];
  readonly parent?: Partial<Header>;
  readonly metadata?: Content;
  readonly buffers?: readonly (ArrayBufferView | ArrayBuffer)[];
}

/** One ZeroMQ frame as it is sent. */
export type Frame = Buffer | string;

/** Encodes and decodes the messages of one session. */
export interface Wire {
  readonly session: string;
  /** A fresh header of this session. */
  header(type: string): Header;
  /** Frames of a message with the given header. @throws TypeError where the content is not JSON (a cycle, a bigint). */
  encode(header: Header, content: Content, envelope?: Envelope): Frame[];
  /** @throws Error where the frames are no message or the signature is wrong. */
  decode(frames: readonly Buffer[]): Message;
}

const delimiter = Buffer.from('<IDS|MSG>');
const protocolVersion = '5.3';

/**
 * The wire of one session.
 *
 * @param key       the connection's shared secret; empty turns signing off
 * @param username  written into headers
 */
export function createWire(key: string, username: string): Wire {
  const session = randomUUID();

  function sign(parts: readonly Frame[]): string {
    if (!key) return '';
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  return {
    session,
    header: (type) => ({
      msg_id: randomUUID(),
      session,
      username,
      date: new Date().toISOString(),
      msg_type: type,
      version: protocolVersion,
    }),
    encode(header, content, envelope = {}) {
      const parts = [header, envelope.parent ?? {}, envelope.metadata ?? {}, content].map((part) => JSON.stringify(part));
      return [...(envelope.ids ?? []), delimiter, sign(parts), ...parts, ...(envelope.buffers ?? []).map(toBuffer)];
    },
    decode(frames) {
      const at = frames.findIndex((frame) => frame.equals(delimiter));
      if (at < 0 || frames.length < at + 6) {
        throw new Error(`wire: expected [ids, <IDS|MSG>, signature, 4 JSON frames, buffers], got ${frames.length} frames`);
      }
      const parts = frames.slice(at + 2, at + 6);
      const expected = Buffer.from(sign(parts));
      const signature = frames[at + 1]!;
      if (key && !(signature.length === expected.length && timingSafeEqual(signature, expected))) {
        throw new Error('wire: the signature is wrong; the sender does not have the key of this connection file');
      }
      const [header, parent, metadata, content] = parts.map((part) => JSON.parse(part.toString()));
      return { ids: frames.slice(0, at), header, parent, metadata, content, buffers: frames.slice(at + 6) };
    },
  };
}

function toBuffer(data: ArrayBufferView | ArrayBuffer): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
