import { Transform } from "node:stream";
import { TarballError } from "./names.ts";

export interface TarballLimits {
  /** Compressed. Default 256 MiB. */
  readonly maxArchiveBytes: number;
  /** Unpacked, all together. Default 2 GiB. */
  readonly maxBytes: number;
  /** Files, folders and links. Default 200,000. */
  readonly maxEntries: number;
  /** Unpacked to compressed, once more than 16 MiB have come out. Default 200. */
  readonly maxRatio: number;
}

const MIB = 1024 * 1024;
export const TARBALL_LIMITS: TarballLimits = {
  maxArchiveBytes: 256 * MIB,
  maxBytes: 2_048 * MIB,
  maxEntries: 200_000,
  maxRatio: 200,
};
const RATIO_FROM = 16 * MIB;

export interface Bounds {
  /** Goes before the decompression. */
  readonly incoming: Transform;
  /** Goes behind it. */
  readonly outgoing: Transform;
}

/** Counts what goes in and comes out, and breaks off at the limits. */
export function createBounds({ maxArchiveBytes, maxBytes, maxRatio }: TarballLimits): Bounds {
  let compressed = 0;
  let unpacked = 0;
  return {
    incoming: counting((bytes) => {
      compressed += bytes;
      if (compressed <= maxArchiveBytes) return null;
      return new TarballError("too_large", `The archive is larger than ${maxArchiveBytes} bytes`);
    }),
    outgoing: counting((bytes) => {
      unpacked += bytes;
      if (unpacked > maxBytes) {
        return new TarballError("too_large", `The archive holds more than ${maxBytes} bytes`);
      }
      if (unpacked <= RATIO_FROM || unpacked <= compressed * maxRatio) return null;
      return new TarballError("ratio", `The archive grows to more than ${maxRatio} times its size`);
    }),
  };
}

const counting = (count: (bytes: number) => Error | null): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const error = count(chunk.length);
      if (error === null) done(null, chunk);
      else done(error);
    },
  });
