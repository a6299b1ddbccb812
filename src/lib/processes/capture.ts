import { StringDecoder } from "node:string_decoder";

export interface Capture {
  add(chunk: Buffer): void;
  /** What was kept, as UTF-8; a character that the bound cut in two is left out. */
  text(): string;
}

/** Keeps the first `limit` bytes of what it is given. */
export function createCapture(limit: number): Capture {
  const chunks: Buffer[] = [];
  let room = limit;
  return {
    add(chunk) {
      if (room <= 0) return;
      const part = chunk.subarray(0, room);
      chunks.push(part);
      room -= part.length;
    },
    text: () => new StringDecoder("utf8").write(Buffer.concat(chunks)),
  };
}
