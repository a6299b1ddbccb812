import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

type Paths = NonNullable<NonNullable<FastifyDynamicSwaggerOptions["openapi"]>["paths"]>;
type Path = NonNullable<Paths[string]>;

const problem = {
  description: "Problem details (RFC 9457)",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

const received = (description: string) => ({
  description,
  content: { "application/json": { schema: { $ref: "#/components/schemas/Received" } } },
});

const intake: Path = {
  post: {
    operationId: "receiveWebhook",
    tags: ["webhooks"],
    summary: "Takes a webhook; the path is the source's own where the settings give it one",
    security: [],
    parameters: [{ name: "source", in: "path", required: true, schema: { type: "string" } }],
    requestBody: {
      required: true,
      content: { "application/json": { schema: {} }, "application/x-www-form-urlencoded": { schema: {} } },
    },
    responses: {
      "200": received("A sender's connection test"),
      "202": received("Stored, with the tasks it started; a repeated delivery is answered as the first was"),
      "4XX": problem,
      "5XX": problem,
    },
  },
};

const text = { "text/plain": { schema: { type: "string" } } } as const;
const message = { ...text, "application/json": { schema: { type: "string" } } } as const;

const kapp: Path = {
  post: {
    operationId: "kapp",
    tags: ["k-app"],
    summary: "Starts, follows or cancels a task; off unless TOKEN_HASH is set",
    description: "Params in the query win over those in the body. docs/k-app.md has every answer.",
    security: [],
    requestBody: {
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["action", "token"],
            properties: {
              action: {
                type: "string",
                description: "follow-action, cancel-action, or an action of the settings",
              },
              token: { type: "string" },
              id: { type: "string", description: "For follow-action and cancel-action" },
            },
            additionalProperties: { type: "string" },
          },
        },
      },
    },
    responses: {
      "200": {
        description: "The reporter",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Reporter" } } },
      },
      "4XX": {
        description:
          "A status text, or what was wrong as a JSON string; problem details where other APIs are on this path too and nobody knows whose the request is",
        content: { ...message, ...problem.content },
      },
      "5XX": { description: "A status text", content: text },
    },
  },
  get: {
    operationId: "kappGet",
    tags: ["k-app"],
    summary: "With `action` in the query as POST; without it a greeting",
    security: [],
    responses: {
      "200": {
        description: "The greeting, or the reporter",
        content: { ...text, "application/json": { schema: { $ref: "#/components/schemas/Reporter" } } },
      },
      "4XX": { description: "As for POST", content: message },
      "5XX": { description: "A status text", content: text },
    },
  },
};

const deployError = {
  description: "`error` is a code of this API, `reason` a sentence, `uuid` the answer's x-api-uuid",
  content: {
    "application/json": {
      schema: {
        type: "object" as const,
        required: ["error", "reason", "uuid"],
        properties: {
          error: { type: "string" as const },
          reason: { type: "string" as const },
          uuid: { type: "string" as const },
        },
      },
    },
  },
};

const anyObject = { "application/json": { schema: { type: "object" as const, additionalProperties: true } } };

interface DeployOperation {
  readonly id: string;
  readonly summary: string;
  readonly params?: readonly string[];
  readonly content?: Record<string, object>;
}

const deployOperation = ({ id, summary, params = [], content = anyObject }: DeployOperation) => ({
  operationId: id,
  tags: ["deploy"],
  summary,
  description: "docs/continuous-deployment.md has every parameter, answer and code.",
  security: [{ basic: [] }],
  parameters: params.map((name) => ({
    name,
    in: "path" as const,
    required: true,
    schema: { type: "string" as const },
  })),
  responses: { "200": { description: "As the guide says", content }, "4XX": deployError, "5XX": deployError },
});

const list = {
  "application/json": {
    schema: { type: "array" as const, items: { type: "object" as const, additionalProperties: true } },
  },
};

const deployPaths: Paths = {
  "/1/deploy": {
    post: deployOperation({
      id: "deploy",
      summary: "Deploys what GitHub or Travis CI tells of; also on POST /",
    }),
  },
  "/1/auth/github": {
    post: deployOperation({ id: "deployAuth", summary: "Keeps a token of GitHub for what the user deploys" }),
  },
  "/1/status/{user}/webhooks": {
    get: deployOperation({
      id: "deployStatus",
      summary: "What became of a user's deploys, newest first",
      params: ["user"],
      content: list,
    }),
  },
  "/1/status/{user}/webhooks/{application}": {
    get: deployOperation({
      id: "deployStatusOfApp",
      summary: "The same for one app",
      params: ["user", "application"],
      content: list,
    }),
  },
  "/1/status/{user}/changes": {
    get: deployOperation({
      id: "deployChanges",
      summary: "Follows a user's deploys: a JSON object a line",
      params: ["user"],
    }),
  },
  "/1/status/{user}/changes/": {
    get: deployOperation({ id: "deployChangesSlash", summary: "The same", params: ["user"] }),
  },
  "/1/status/{user}/changes/{id}": {
    get: deployOperation({ id: "deployChange", summary: "One entry", params: ["user", "id"] }),
  },
  "/{owner}/{file}": {
    get: {
      ...deployOperation({
        id: "deployBadge",
        summary: "How a repository's last deploy went, as a picture: `/owner/repository.svg` or `.png`",
        params: ["owner", "file"],
        content: {
          "image/svg+xml": { schema: { type: "string" } },
          "image/png": { schema: { type: "string" } },
        },
      }),
      security: [],
    },
  },
};

/**
 * The paths of the OpenAPI document that no route's schema can stand for: those of the sources come from the settings, and
 * K-App's one endpoint reads its body in a way of its own.
 */
export const EXTRA_PATHS: Paths = { "/hooks/{source}": intake, "/": kapp, ...deployPaths };
