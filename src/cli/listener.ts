import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { exampleSource, kindOfRequest } from "../settings/example-source.ts";
import type { ListenAddress } from "./inputs.ts";

/** What came in, and what it was answered. */
export interface Heard {
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly status: number;
  readonly answer: string;
  /** Why it was refused; null when it is authentic. */
  readonly problem: string | null;
}

export interface ListenerOptions {
  readonly listen: ListenAddress;
  readonly secrets: readonly string[];
  /** Null: by what each request looks like. */
  readonly kind: string | null;
  readonly path: string;
  readonly onHeard: (heard: Heard) => void;
}

/** Larger than anything that this program sends. */
const MAX_BYTES = 25 * 1024 * 1024;

/** The example receiver: verifies what it is sent, and answers as the sender's own example does. Rejects when it can't listen. */
export async function startListener(options: ListenerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.destroy());
  });
  server.listen(options.listen);
  await once(server, "listening");
  return server;
}

async function answer(
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "GET" && pathname === "/") return say(response, 200, "OK\n");
  if (pathname !== options.path) return say(response, 404, "Not Found\n");
  if (request.method !== "POST") return say(response, 405, "Method Not Allowed\n");
  const body = await readBody(request);
  if (body === null) return say(response, 413, "Payload Too Large\n");
  const heard = judge(options, headersOf(request), body);
  options.onHeard(heard);
  return say(response, heard.status, heard.answer);
}

function judge(
  { kind: given, secrets }: ListenerOptions,
  headers: Record<string, string>,
  body: Buffer,
): Heard {
  const kind = given ?? kindOfRequest(headers);
  const source = exampleSource(kind, secrets);
  if (source === null) {
    const problem = `This receiver can't verify the kind ${kind}`;
    return { kind, headers, body, status: 400, answer: `${problem}\n`, problem };
  }
  const request = { headers, body };
  const result = source.authenticate(request, new Date());
  if (result.ok) {
    const { status, body: words } = source.answers?.accepted ?? { status: 200, body: "OK\n" };
    return { kind, headers, body, status, answer: words, problem: null };
  }
  const refused = source.answers?.refused(request) ?? { status: 401, body: `${result.explanation}\n` };
  return { kind, headers, body, status: refused.status, answer: refused.body, problem: result.explanation };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) plain[name] = [value ?? ""].flat().join(", ");
  return plain;
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stream: AsyncIterable<Buffer> = request;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function say(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(body);
}
