import { connect, type Socket } from "node:net";
import { vi } from "vitest";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test says exactly which bytes go out. Nothing here rejects when the server hangs up. */
export interface RawConnection {
  readonly socket: Socket;
  write(data: string | Buffer): void;
  /** The next whole answer, `100 Continue` included. Rejects when none comes. */
  answer(): Promise<RawAnswer>;
  /** Everything received that no `answer` has taken. */
  rest(): string;
  /** Resolves when the server has closed or reset the connection. */
  readonly closed: Promise<void>;
  destroy(): void;
}

export interface RawOptions {
  /** Longest wait for an answer. Default 20 s. */
  readonly timeoutMs?: number;
}

export async function connectRaw(
  url: string,
  { timeoutMs = 20_000 }: RawOptions = {},
): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const closed = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  let over = false;
  const finish = (): void => {
    over = true;
    closed.resolve();
  };
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  // A reset is one of the ways in which a server may close.
  socket.on("error", finish).on("end", finish).on("close", finish);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });

  function take(): RawAnswer {
    const parsed = parseAnswer(received, over);
    if (parsed === null) throw new Error(`no whole answer yet: ${JSON.stringify(received.toString())}`);
    received = received.subarray(parsed.bytes);
    return parsed.answer;
  }

  return {
    socket,
    write: (data) => void socket.write(data),
    answer: () => vi.waitFor(take, { timeout: timeoutMs, interval: 5 }),
    rest: () => received.toString(),
    closed: closed.promise,
    destroy: () => void socket.destroy(),
  };
}

interface Parsed {
  readonly answer: RawAnswer;
  readonly bytes: number;
}

/** The first answer in the bytes; null when it is not whole. Without a length it ends with the connection. */
function parseAnswer(received: Buffer, over: boolean): Parsed | null {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const [first = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(first.split(" ")[1]);
  const headers = Object.fromEntries(lines.map(toHeader));
  const start = end + 4;
  const left = received.subarray(start);
  const length = lengthOf(status, headers, left, over);
  if (length === null || left.length < length) return null;
  const body = left.subarray(0, length).toString();
  const text = headers["transfer-encoding"] === "chunked" ? dechunk(body) : body;
  return { answer: { status, headers, body: text }, bytes: start + length };
}

function toHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function lengthOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  left: Buffer,
  over: boolean,
): number | null {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (headers["content-length"] !== undefined) return Number(headers["content-length"]);
  if (headers["transfer-encoding"] === "chunked") {
    const last = left.indexOf("0\r\n\r\n");
    return last === -1 ? null : last + 5;
  }
  return over ? left.length : null;
}

function dechunk(body: string): string {
  let text = "";
  for (let at = 0; at < body.length;) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, line), 16);
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return text;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The bytes of a request; `content-length` is added where a body is given and the headers name neither length nor encoding. */
export function rawRequest({ method = "POST", path, headers = {}, body = "" }: RawRequest): Buffer {
  const framed = Object.keys(headers).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  const length = framed || body.length === 0 ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host: "localhost", ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
    Buffer.from(body),
  ]);
}
