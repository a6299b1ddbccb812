import type { FastifyReply, FastifyRequest } from "fastify";
import type { AppError } from "../../../domain/errors.ts";
import type { Logger } from "../../../lib/logger.ts";
import { problemHeaders, toAppError } from "../../problems.ts";

/** An error of this API: its code, a sentence, and the request's id. The older server's shape is not known; its codes are. */
export interface ErrorBody {
  readonly error: string;
  readonly reason: string;
  readonly uuid: string;
}

export const errorBody = ({ code, message }: AppError, uuid: string): ErrorBody => ({
  error: code,
  reason: message,
  uuid,
});

export function sendError(
  reply: FastifyReply,
  request: FastifyRequest,
  error: unknown,
  logger: Logger,
): FastifyReply {
  const known = toAppError(error, { logger, requestId: request.id });
  const headers = problemHeaders(known);
  if (known.status === 401) headers["www-authenticate"] = 'Basic realm="hookwright", charset="UTF-8"';
  return reply
    .code(known.status)
    .headers(headers)
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(errorBody(known, request.id));
}
