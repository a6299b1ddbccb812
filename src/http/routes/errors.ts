import { problemSchema } from "../../client/schemas.ts";

const problem = {
  description: "Problem details (RFC 9457)",
  content: { "application/problem+json": { schema: problemSchema } },
};

/** The error answers that every route has, for its schema. */
export const errors = { "4xx": problem, "5xx": problem } as const;
