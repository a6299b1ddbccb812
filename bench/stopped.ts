import { connect } from "node:net";
import { once } from "node:events";

export interface StopOptions {
  /** Where it stops. */
  readonly part: "headers" | "body";
  readonly giveUpMs: number;
}

export interface Stopped {
  /** Milliseconds until the server closed the connection, null when it did not. */
  readonly ended: Promise<number | null>;
  /** The status that it has answered with so far; null: it has not. */
  status(): string | null;
}

/** Begins a request and sends no more of it. Resolves when the beginning has been sent. */
export async function stopSending(url: string, { part, giveUpMs }: StopOptions): Promise<Stopped> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  await once(socket, "connect");
  const begin = `POST ${pathname} HTTP/1.1\r\nHost: localhost\r\n`;
  socket.write(
    begin + (part === "headers" ? "X-Half" : `${HEADERS.join("\r\n")}\r\nContent-Length: 1000\r\n\r\n{"half`),
  );
  const began = performance.now();
  const closed = once(socket, "close").then(() => performance.now() - began);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), giveUpMs);
  });
  const ended = Promise.race([closed, late]).finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
  return { ended, status: () => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? null };
}

/** As GitHub sends them: a server may refuse what lacks them before it reads the body. */
const HEADERS = [
  "Content-Type: application/json",
  "X-GitHub-Event: push",
  "X-GitHub-Delivery: 11111111-1111-4111-8111-111111111111",
  `X-Hub-Signature-256: sha256=${"0".repeat(64)}`,
];
