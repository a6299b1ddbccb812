import assert from "node:assert/strict";
import { problemSchema, type ProblemWire } from "../../src/client/schemas.ts";
import { ERRORS, type ErrorCode } from "../../src/domain/errors.ts";
import type { RawAnswer } from "./raw-http.ts";

/** The problem document of an answer. Throws when there is none, or when it contradicts its answer or the catalogue. */
export async function problemOf(answer: Response | RawAnswer): Promise<ProblemWire> {
  const raw = answer instanceof Response ? await fromResponse(answer) : answer;
  assert.equal(raw.headers["content-type"], "application/problem+json; charset=utf-8");
  const problem = problemSchema.parse(JSON.parse(raw.body));
  assert(isKnown(problem.code), `${problem.code} is not in the catalogue`);
  assert.deepEqual([problem.status, problem.title], ERRORS[problem.code]);
  assert.equal(problem.status, raw.status);
  assert.equal(problem.type, `urn:hookwright:error:${problem.code}`);
  assert.equal(problem.instance, raw.headers["x-api-uuid"]);
  return problem;
}

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

async function fromResponse(response: Response): Promise<RawAnswer> {
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
