import { z } from "zod";

/** RFC 9457 problem details; further members depend on the code. */
export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe("Stable; clients may test it"),
    detail: z.string(),
    instance: z.string().describe("The answer's x-api-uuid"),
  })
  .meta({ id: "Problem" });

export type ProblemWire = z.infer<typeof problemSchema>;
