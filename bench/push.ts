import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { COMMIT_PLACE, pushPayload } from "./payload.ts";
import { SECRET } from "./servers.ts";

const TEMPLATE = pushPayload();

export interface PushAnswer {
  readonly status: number;
  readonly body: string;
  /** Microseconds since the epoch when the request began to be sent. */
  readonly sentAt: number;
}

/** Sends one signed push with ids of its own; a broken connection rejects. */
export function sendPush(url: string, agent?: Agent): Promise<PushAnswer> {
  const body = TEMPLATE.replace(COMMIT_PLACE, randomBytes(20).toString("hex"));
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "user-agent": "GitHub-Hookshot/bench",
    "x-github-event": "push",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  };
  return new Promise((resolve, reject) => {
    const sentAt = nowMicros();
    const call = request(url, { method: "POST", headers, ...(agent && { agent }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8"), sentAt }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** The wall clock, finer than Date. */
export const nowMicros = (): number => (performance.timeOrigin + performance.now()) * 1_000;
