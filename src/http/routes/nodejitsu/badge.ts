import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { DeployStatus } from "../../../domain/deploy.ts";
import { badgePng, badgeSvg, type Badge } from "./badge-image.ts";
import { ask, type StatusOptions } from "./status.ts";

const paramsSchema = z.object({ owner: z.string().max(200), file: z.string().max(220) });

const BADGES: Readonly<Record<DeployStatus, Badge>> = {
  ok: { text: "ok", color: "#3c8527" },
  error: { text: "error", color: "#c0392b" },
  pending: { text: "pending", color: "#9a6d00" },
  ignored: { text: "none", color: "#6a737d" },
};

/** `GET /OWNER/REPO.svg` and `.png`: how the repository's last deploy went; nothing else is told, so that nobody has to log in. */
export function badgeRoute(server: FastifyInstance, { app }: StatusOptions): void {
  server.get("/:owner/:file", { schema: { hide: true } }, async (request, reply) => {
    const { data } = paramsSchema.safeParse(request.params);
    const [, name, kind] = /^(.+)\.(svg|png)$/.exec(data?.file ?? "") ?? [];
    // No picture's path: answered like every other path that nothing is at.
    if (data === undefined || name === undefined || !app.deploys()) return reply.callNotFound();
    const repository = `${data.owner}/${name}`;
    const filter = { repository, ignored: false, order: "desc", limit: 1 } as const;
    const [last] = await ask(app, filter, "status:db:query_fail");
    const badge = BADGES[last?.status ?? "ignored"];
    reply.header("cache-control", "no-cache");
    if (kind === "svg") return reply.type("image/svg+xml; charset=utf-8").send(badgeSvg(badge));
    return reply.type("image/png").send(badgePng(badge));
  });
}
