import { join } from "node:path";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../domain/errors.ts";
import {
  type Coding,
  CODINGS,
  type DashboardFile,
  type DashboardFiles,
  readDashboard,
} from "../dashboard-files.ts";

/** Nothing from elsewhere, nothing inline, no plugin, no frame; texts never become markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
} as const;

/** Where `npm run build:web` puts it. */
const BUILT = join(import.meta.dirname, "../../../web/dist");

/** The dashboard's files at `/ui`. Every other path below it is one of its pages, which it finds by itself. */
export const dashboardRoutes: FastifyPluginAsync = async (server) => {
  let read: Promise<DashboardFiles | null> | null = null;

  /** Once: whoever builds anew starts the server anew. Again as long as there is nothing. */
  async function files(): Promise<DashboardFiles> {
    read ??= readDashboard(BUILT);
    const found = await read;
    if (found !== null) return found;
    read = null;
    throw new AppError("request:not_found", "The dashboard has not been built: npm run build:web");
  }

  const schema = { hide: true };
  server.get("/ui", { schema }, async (_request, reply) => reply.redirect("/ui/", 308));
  server.get<{ Params: { "*": string } }>("/ui/*", { schema }, async (request, reply) => {
    const known = await files();
    const path = request.params["*"];
    const file = known.get(path);
    if (file !== undefined && path !== "index.html") return answer(request, reply, file, IMMUTABLE);
    if (path.startsWith("assets/"))
      throw new AppError("request:not_found", `There is no file ${request.url}`);
    const page = known.get("index.html");
    if (page === undefined) throw new AppError("request:not_found");
    return answer(request, reply, page, "no-cache");
  });
};

/** The names of files hold a digest of their content. */
const IMMUTABLE = "public, max-age=31536000, immutable";

function answer(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, etag, plain, encoded }: DashboardFile,
  cacheControl: string,
): FastifyReply {
  reply.headers({ ...HEADERS, etag, vary: "accept-encoding", "cache-control": cacheControl });
  if (headers["if-none-match"] === etag) return reply.code(304).send();
  const coding = chooseCoding(headers["accept-encoding"] ?? "", encoded);
  if (coding === null) return reply.type(type).send(plain);
  return reply.type(type).header("content-encoding", coding).send(encoded[coding]);
}

function chooseCoding(accepted: string, encoded: DashboardFile["encoded"]): Coding | null {
  const names = accepted.split(",").map((each) => each.trim().toLowerCase());
  // With a weight of 0 it is refused; with any other it is as good as without.
  const takes = (coding: string): boolean =>
    names.some((each) => each === coding || (each.startsWith(`${coding};`) && !/;\s*q=0(\.0*)?$/.test(each)));
  for (const coding of Object.keys(CODINGS)) {
    if ((coding === "br" || coding === "gzip") && encoded[coding] !== undefined && takes(coding))
      return coding;
  }
  return null;
}
