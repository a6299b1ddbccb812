import { createGzip, gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";

type Piece = Partial<Header> & { readonly name: string; readonly text?: string };

/** A gzipped tar of the pieces, whatever they are: archives that nobody should unpack, too. */
export async function archive(pieces: readonly Piece[]): Promise<Buffer> {
  const tar = pack();
  for (const { text, ...header } of pieces) tar.entry(header, text ?? "");
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  return gzipSync(Buffer.concat(chunks));
}

/** A small archive of one file of so many zeros. */
export async function* bomb(bytes: number): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const gzip = createGzip({ level: 9 });
  const file = tar.entry({ name: "root/zeros", size: bytes });
  const zeros = Buffer.alloc(1024 * 1024);
  void (async () => {
    for (let left = bytes; left > 0; left -= zeros.length) {
      if (!file.write(zeros.subarray(0, Math.min(left, zeros.length)))) {
        await new Promise<void>((resolve) => file.once("drain", () => resolve()));
      }
    }
    file.end(null);
    tar.finalize();
  })();
  void (async () => {
    for await (const chunk of tar) {
      if (!gzip.write(chunk)) await new Promise<void>((resolve) => gzip.once("drain", () => resolve()));
    }
    gzip.end();
  })();
  for await (const chunk of gzip) if (chunk instanceof Uint8Array) yield chunk;
}

/** As a download comes: in pieces that end anywhere. */
export async function* inPieces(bytes: Buffer, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
