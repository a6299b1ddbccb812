import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { type Agent, request } from "node:http";
import { wallClock } from "./clock.ts";
import { COMMIT_PLACE, pushPayload } from "./payload.ts";
import { SECRET } from "./servers.ts";

const TEMPLATE = pushPayload();

/** A push as it goes out. */
export interface Push {
  /** The commit that it is about: of this push alone. */
  readonly commit: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

/** A signed push with ids of its own. */
export function makePush(): Push {
  const commit = randomBytes(20).toString("hex");
  return pushOf(commit, TEMPLATE.replace(COMMIT_PLACE, commit));
}

/** The same with any body. */
export const pushOf = (commit: string, body: string): Push => ({
  commit,
  body,
  headers: {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "user-agent": "GitHub-Hookshot/bench",
    "x-github-event": "push",
    "x-github-delivery": randomUUID(),
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  },
});

export interface PushAnswer {
  readonly status: number;
  readonly body: string;
  /** Microseconds since the epoch when the request began to be sent. */
  readonly sentAt: number;
}

export interface SendOptions {
  readonly push?: Push;
  readonly agent?: Agent;
  readonly method?: string;
}

/** Sends one; a broken connection rejects. */
export function sendPush(
  url: string,
  { push = makePush(), agent, method = "POST" }: SendOptions = {},
): Promise<PushAnswer> {
  const { headers, body } = push;
  return new Promise((resolve, reject) => {
    const sentAt = wallClock() * 1_000;
    const call = request(url, { method, headers, ...(agent && { agent }) }, (response) => {
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
