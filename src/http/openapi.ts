import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { VERSION } from "./identity.ts";
import { EXTRA_PATHS } from "./openapi-paths.ts";

/** Makes the OpenAPI document out of the routes that are registered after this. */
export async function registerOpenapi(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Hookwright",
        version: VERSION,
        description: "Turns webhooks into deployments. Guide: docs/api.md.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      tags: TAGS.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer" },
          session: { type: "apiKey", in: "cookie", name: "hookwright" },
          basic: { type: "http", scheme: "basic" },
        },
      },
      paths: EXTRA_PATHS,
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
}

const TAGS: readonly (readonly [string, string])[] = [
  ["webhooks", "What senders call; authenticated by their signatures"],
  ["deliveries", "Webhooks that were received"],
  ["tasks", "Executions of actions"],
  ["endpoints", "Who is told what has happened, and the messages to them"],
  ["settings", "What the settings file says, and what was refused"],
  ["store", "What is kept, and how long"],
  ["sessions", "Browsers that have logged in"],
  ["stats", "How it went of late"],
  ["audit", "Who did what"],
  ["tokens", "Bearer tokens of this API"],
  ["releases", "Versions of apps, and the way back"],
  ["users", "Who may use the deploy API"],
  ["deploy", "The continuous-deployment API"],
  ["k-app", "The API of K-Fet's webhooks-deploy"],
  ["jobserv", "Where the URLs of `jobserv` messages lead"],
  ["server", "For supervisors and load balancers"],
];

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Drops the schemas that nothing refers to: each is made twice, for what comes in and what goes out. */
function withoutUnused(document: Document): Document {
  const schemas: Record<string, unknown> =
    "components" in document ? (document.components?.schemas ?? {}) : {};
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit({ ...document, components: {} });
  for (const name of Object.keys(schemas).filter((each) => !used.has(each))) {
    delete schemas[name];
  }
  return document;
}
