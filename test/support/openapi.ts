import { z } from "zod";

const operation = z.looseObject({
  operationId: z.string(),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.unknown())).optional(),
  responses: z.record(
    z.string(),
    z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })).optional() }),
  ),
});

const document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});
export type OpenapiDocument = z.infer<typeof document>;

export interface Operation {
  readonly id: string;
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for what varies. */
  readonly path: string;
  /** The scope that its token needs; null: for everybody. */
  readonly scope: string | null;
  readonly responses: z.infer<typeof operation>["responses"];
}

/** The OpenAPI document of a server. */
export async function fetchOpenapi(url: string): Promise<OpenapiDocument> {
  const response = await fetch(`${url}/api/v1/openapi.json`);
  return document.parse(await response.json());
}

/** Other APIs have ways of their own to log in, or none. */
const isForTokens = (security: z.infer<typeof operation>["security"]): boolean =>
  security === undefined || security.some((each) => "bearer" in each);

export function operationsOf({ paths }: OpenapiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, description = "", security, responses }]) => ({
      id,
      method: method.toUpperCase(),
      path,
      scope: isForTokens(security) ? (/^Scope: (\w+)(?:$|; )/.exec(description)?.[1] ?? "none said") : null,
      responses,
    })),
  );
}
