import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../domain/errors.ts";
import type { BufferBudget } from "./intake/buffer-budget.ts";
import { checkAnnounced, readBody } from "./intake/read-body.ts";

export interface TakeBodiesOptions {
  /** Shared with the intake: what is held at once is bounded as a whole. */
  readonly budget: BufferBudget;
  /** How many bytes this request's body may have. Asked before one of them is read. */
  readonly limitOf: (request: FastifyRequest) => number;
}

const held = new WeakMap<FastifyRequest, () => void>();

/**
 * Has the routes of this instance get bodies of any content type as bytes, read as the intake reads webhooks: bounded while they
 * stream. Refused with `body:too_large`, `body:timeout`, `server:busy`.
 */
export function takeBodies(server: FastifyInstance, { budget, limitOf }: TakeBodiesOptions): void {
  server.addHook("onRequest", async (request, reply) => {
    reply.raw.once("close", () => freeBody(request));
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", async (request: FastifyRequest) => {
    const limit = limitOf(request);
    checkAnnounced(request, limit);
    const { body, release } = await readBody(request.raw, { limit, budget }).catch((error: unknown) => {
      if (error instanceof Error) throw error;
      throw new AppError("request:invalid", "The sender left before its body was whole");
    });
    held.set(request, release);
    return body;
  });
}

/** Gives the bytes back, at the latest when the request is answered; earlier where the answer takes long. */
export function freeBody(request: FastifyRequest): void {
  held.get(request)?.();
  held.delete(request);
  request.body = undefined;
}
