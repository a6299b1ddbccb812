import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { DeployEntry } from "../../../domain/deploy.ts";
import { AppError } from "../../../domain/errors.ts";
import { LIMITS } from "../../limits.ts";
import { type Docs, entryToWire } from "./entries.ts";
import { createChangesStream } from "./changes-stream.ts";
import { sendError } from "./errors.ts";
import type { DeployFeed } from "./feed.ts";
import { loginAs } from "./login.ts";
import { createInbox } from "./inbox.ts";
import { ask, checkScope, type StatusOptions } from "./status.ts";

export interface ChangesOptions extends StatusOptions {
  readonly feed: DeployFeed;
}

const ms = z.coerce.number().int().min(1).max(LIMITS.deployFollowMs);
const paramsSchema = z.object({ user: z.string().max(200), id: z.string().max(200).optional() });
const querySchema = z.object({
  include_docs: z.enum(["true", "false", "auto"]).default("false"),
  feed: z.enum(["continuous", "normal", "longpoll"]).default("continuous"),
  since: z.union([z.literal("now"), z.coerce.number().int().min(0)]).optional(),
  heartbeat: ms.default(LIMITS.heartbeatMs),
  timeout: ms.optional(),
});
type Query = z.output<typeof querySchema>;

const DOCS: Readonly<Record<Query["include_docs"], Docs>> = { true: "all", false: "none", auto: "auto" };

/** `GET /1/status/:user/changes[/:id]`: one JSON object a line, as it happens; with an id that one entry. */
export function changesRoutes(server: FastifyInstance, options: ChangesOptions): void {
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      return await answer(options, request, reply);
    } catch (error) {
      return sendError(reply, request, error, options.logger);
    }
  };
  for (const path of ["/1/status/:user/changes", "/1/status/:user/changes/", "/1/status/:user/changes/:id"]) {
    server.get(path, { schema: { hide: true } }, handle);
  }
}

async function answer(
  options: ChangesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { user, id } = paramsSchema.parse(request.params);
  const { apps } = await loginAs(options.login, request, user);
  const parsed = querySchema.safeParse(request.query);
  if (!parsed.success) throw new AppError("request:invalid", z.prettifyError(parsed.error));
  const query = parsed.data;
  const docs = DOCS[query.include_docs];
  if (id !== undefined && id !== "") {
    const [entry] = await ask(options.app, { user, id, order: "asc", limit: 1 }, "status:db:get_by_id");
    if (entry === undefined) throw new AppError("status:db:not_found", `There is no entry ${id}`);
    checkScope(apps, entry.deployApp);
    // As documented: it is no stream that a client could wait for more of.
    reply.header("connection", "close");
    return reply.send(await entryToWire({ ...options, docs }, entry));
  }
  const isTheirs = (entry: DeployEntry): boolean =>
    entry.user === user && (apps === null || apps.includes(entry.deployApp));
  await follow({ options, query, docs, isTheirs, user, request, reply });
  return reply;
}

interface Following {
  readonly options: ChangesOptions;
  readonly query: Query;
  readonly docs: Docs;
  readonly isTheirs: (entry: DeployEntry) => boolean;
  readonly user: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Follows first, then reads what there is: nothing falls in between, and nothing comes twice. */
async function follow(following: Following): Promise<void> {
  const { options, query, isTheirs, reply } = following;
  if (options.feed.size >= LIMITS.deployFollowers) {
    throw new AppError("server:busy", "Too many follow already", { retryAfter: LIMITS.retryAfterSeconds });
  }
  const ended = new AbortController();
  // It can come back with `since`, and misses nothing.
  const inbox = createInbox<DeployEntry>(LIMITS.deployInbox, () => reply.raw.destroy());
  let failed = false;
  const unfollow = options.feed.follow({
    entries: (entries) => inbox.put(entries.filter(isTheirs)),
    end(reason) {
      failed = reason === "failed";
      ended.abort();
      inbox.wake();
    },
  });
  reply.raw.on("close", () => {
    ended.abort();
    inbox.wake();
  });
  const stream = createChangesStream({
    ...options,
    docs: following.docs,
    request: following.request,
    reply,
    atOnce: query.feed === "continuous",
    ended: ended.signal,
  });
  try {
    let seq = await firstSeq(following);
    for await (const entry of known(following, seq)) {
      await stream.send(entry);
      seq = entry.seq;
    }
    if (query.feed === "normal" || (query.feed === "longpoll" && stream.sent > 0)) return await stream.end();
    const timeout = query.timeout ?? (query.feed === "longpoll" ? LIMITS.longpollMs : null);
    const deadline = timeout === null ? null : Date.now() + timeout;
    while (!ended.signal.aborted) {
      const entry = inbox.take();
      if (entry !== undefined) {
        if (entry.seq > seq) {
          seq = entry.seq;
          await stream.send(entry);
        }
        continue;
      }
      if (query.feed === "longpoll" && stream.sent > 0) break;
      const left = deadline === null ? query.heartbeat : Math.min(query.heartbeat, deadline - Date.now());
      if (left <= 0) throw new AppError("status:changes:timeout");
      const woken = await inbox.wait(left);
      if (!woken && query.feed === "continuous") await stream.beat();
    }
    if (failed) throw new AppError("status:changes:fatal");
    return await stream.end();
  } catch (error) {
    return await stream.fail(error);
  } finally {
    unfollow();
  }
}

/** Where to begin behind: a follower wants what is to come, everyone else what there is. */
async function firstSeq({ query, options }: Following): Promise<number> {
  const { since, feed } = query;
  if (typeof since === "number") return since;
  if (since === undefined && feed === "normal") return 0;
  const [newest] = await ask(options.app, { order: "desc", limit: 1 }, "status:db:query_fail");
  return newest?.seq ?? 0;
}

/** Page by page: many followers from the beginning must not hold all there is at once. */
async function* known({ options, user, isTheirs }: Following, after: number): AsyncGenerator<DeployEntry> {
  for (let seq = after; ;) {
    const page = await ask(
      options.app,
      { user, after: seq, order: "asc", limit: LIMITS.logPage },
      "status:db:query_fail",
    );
    yield* page.filter(isTheirs);
    if (page.length < LIMITS.logPage) return;
    seq = page.at(-1)?.seq ?? seq;
  }
}
