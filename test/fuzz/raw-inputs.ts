import fc from "fast-check";
import { rawRequest } from "../support/raw-http.ts";
import { anyInput, type Input } from "./inputs.ts";

/** Bytes as they go out, in pieces. */
export type RawInput = readonly Buffer[];

const toBytes = ({ method, path, headers, body }: Input): Buffer => {
  const own = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, "latin1").toString("latin1")]),
  );
  return rawRequest({ method, path: path.replaceAll(/[^\x21-\x7E]/g, "%20"), headers: own, body });
};

const CHUNKED = "POST /hooks/github HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
const HEADS: readonly string[] = [
  "",
  "\r\n\r\n",
  "GET\r\n\r\n",
  "GET / HTTP/0.9\r\n\r\n",
  "POST /hooks/github HTTP/9.9\r\nhost: x\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
  `POST /hooks/github HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
  `POST /${"z".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  `POST /hooks/github HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(3_000)}\r\n`,
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  "POST /hooks/github HTTP/1.1\r\nhost: x\r\nexpect: something\r\ncontent-length: 2\r\n\r\n{}",
  "POST http://[::1/hooks/github HTTP/1.1\r\nhost: x\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  ...[
    "zz\r\n",
    "5\r\nab",
    "1\r\na\r\n0\r\nx: y\r\n\r\n",
    "ffffffffffffffff\r\n",
    "0;a=b\r\n\r\n",
    "1\na\n0\n\n",
  ].map((chunks) => CHUNKED + chunks),
];

/** What may be done to bytes. */
const harm: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.constant((bytes: Buffer) => bytes),
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 20 })).map(([at, more]) => (bytes: Buffer) => {
    const start = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, start), more, bytes.subarray(start)]);
  }),
  fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  }),
  fc.constant((bytes: Buffer) => Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1")),
);

/** Something near HTTP, or nothing of the kind; several requests at once; all of it in some pieces. */
export const anyBytes: fc.Arbitrary<RawInput> = fc
  .tuple(
    fc.array(
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.tuple(anyInput.map(toBytes), harm).map(([bytes, change]) => change(bytes)),
        },
        {
          weight: 2,
          arbitrary: fc
            .tuple(fc.constantFrom(...HEADS), harm)
            .map(([text, change]) => change(Buffer.from(text, "latin1"))),
        },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    fc.array(fc.nat(), { maxLength: 3 }),
  )
  .map(([requests, cuts]) => pieces(Buffer.concat(requests), cuts));

function pieces(bytes: Buffer, cuts: readonly number[]): RawInput {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (one, other) => one - other,
  );
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
