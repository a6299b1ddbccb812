import type { FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { AppError } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { PROBLEM_TYPE, problemHeaders, toAppError, toProblem } from "./problems.ts";

/** A failed request of the framework as a problem document. */
export function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  error: unknown,
  logger: Logger,
): FastifyReply {
  const known = toAppError(error, { logger, requestId: request.id });
  return reply
    .code(known.status)
    .headers(problemHeaders(known))
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(toProblem(known, request.id));
}

/** A request that does not fit its route's schema: every fault with its place. */
export function toKnown(error: unknown): unknown {
  if (!hasZodFastifySchemaValidationErrors(error)) return error;
  const problems = error.validation.map(({ instancePath, message }) => {
    const where = instancePath.replaceAll("/", ".").replace(/^\./, "");
    return `${where === "" ? (error.validationContext ?? "request") : where}: ${message ?? "not valid"}`;
  });
  return new AppError("request:invalid", problems.join("; "), { details: { problems }, cause: error });
}
