import { auditEventSchema, auditQuerySchema } from "../../../client/audit.ts";
import { pageOf } from "../../../client/schemas.ts";
import { errors } from "../errors.ts";
import type { ApiContext, ApiServer } from "./route.ts";

export function auditRoutes(server: ApiServer, { app, guard }: ApiContext): void {
  const about = {
    id: "listAudit",
    tag: "audit",
    scope: "admin",
    summary: "Who did what, newest first. With a filter a page may hold few or none and still have a `next`",
  } as const;
  const response = { 200: pageOf(auditEventSchema), ...errors };
  server.get("/audit", guard(about, { querystring: auditQuerySchema, response }), async ({ query }) => {
    const page = await app.listAudit(query);
    return {
      items: page.items.map((event) => ({ ...event, details: { ...event.details } })),
      next: page.next,
    };
  });
}
