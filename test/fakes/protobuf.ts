/** The fields of one message by their numbers, in order; of a repeated one all. */
export interface ProtobufMessage {
  /** Also of strings and of messages in it. */
  bytes(field: number): readonly Buffer[];
  numbers(field: number): readonly bigint[];
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** Reads the wire format (https://protobuf.dev/programming-guides/encoding/). Throws on what is none. */
export function readProtobuf(buffer: Buffer): ProtobufMessage {
  const bytes = new Map<number, Buffer[]>();
  const numbers = new Map<number, bigint[]>();
  const add = <T>(to: Map<number, T[]>, field: number, value: T): void =>
    void to.set(field, [...(to.get(field) ?? []), value]);
  let at = 0;

  function take(length: number): Buffer {
    if (at + length > buffer.length) throw new Error(`the message ends within a field, at ${at}`);
    at += length;
    return buffer.subarray(at - length, at);
  }

  function varint(): bigint {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = take(1).readUInt8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  while (at < buffer.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    switch (tag & 7) {
      case VARINT:
        add(numbers, field, varint());
        break;
      case FIXED64:
        add(numbers, field, take(8).readBigUInt64LE());
        break;
      case FIXED32:
        add(numbers, field, BigInt(take(4).readUInt32LE()));
        break;
      case LENGTH:
        add(bytes, field, take(Number(varint())));
        break;
      default:
        throw new Error(`no wire type: ${tag & 7}`);
    }
  }
  return { bytes: (field) => bytes.get(field) ?? [], numbers: (field) => numbers.get(field) ?? [] };
}
