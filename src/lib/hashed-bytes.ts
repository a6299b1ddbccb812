import { createHash } from "node:crypto";

/** Bytes that are counted and hashed as they go by. */
export interface HashedBytes {
  through(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Hex, of all that has gone by; ends it. */
  sha256(): string;
  readonly bytes: number;
}

export function hashBytes(onBytes: (bytes: number) => void = () => undefined): HashedBytes {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    async *through(chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        onBytes(chunk.length);
        yield chunk;
      }
    },
    sha256: () => hash.digest("hex"),
    get bytes() {
      return bytes;
    },
  };
}
