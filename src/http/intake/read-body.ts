import type { IncomingMessage } from "node:http";
import { AppError } from "../../domain/errors.ts";
import { LIMITS } from "../limits.ts";
import type { BufferBudget } from "./buffer-budget.ts";

export interface ReadBodyOptions {
  readonly limit: number;
  readonly budget: BufferBudget;
}

export interface ReadBody {
  readonly body: Buffer;
  /** Gives the bytes back to the budget; to be called once the body is no longer needed. */
  release(): void;
}

/**
 * Reads a body, bounded while streaming; bytes are counted as they arrive, not as they were announced, so that a slow
 * sender of a large body takes no room from the others.
 * Rejects `body:too_large`, `body:timeout` and `server:busy`, after which the stream flows no more, and with `null` when the sender left.
 */
export function readBody(request: IncomingMessage, { limit, budget }: ReadBodyOptions): Promise<ReadBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let taken = 0;
    const idle = setTimeout(() => fail(stalled()), LIMITS.bodyIdleMs);

    function onData(chunk: Buffer): void {
      idle.refresh();
      const cost = chunk.length + LIMITS.chunkOverheadBytes;
      size += chunk.length;
      if (size > limit) return fail(tooLarge(limit));
      if (!budget.take(cost)) return fail(busy());
      taken += cost;
      chunks.push(chunk);
    }

    function onEnd(): void {
      detach();
      const [first] = chunks;
      const body = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, size);
      resolve({ body, release: () => budget.release(taken) });
    }

    function fail(error: AppError | null): void {
      detach();
      budget.release(taken);
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- null is documented: nobody to answer
      reject(error);
    }

    const onGone = (): void => fail(null);

    function detach(): void {
      clearTimeout(idle);
      request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      // Nobody else listens, and a late error of a broken connection must not end the process.
      request.on("error", () => {});
    }

    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

/** Before a byte of it is read. Throws `body:too_large`. */
export function checkAnnounced({ headers }: Pick<IncomingMessage, "headers">, limit: number): void {
  if (Number(headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
}

export const tooLarge = (limit: number): AppError =>
  new AppError("body:too_large", `The body is larger than the ${limit} bytes allowed here`);

const stalled = (): AppError =>
  new AppError("body:timeout", `Nothing of the body came for ${LIMITS.bodyIdleMs / 1_000} seconds`);

const busy = (): AppError =>
  new AppError("server:busy", "Too many bytes are being received at once; send it again later", {
    retryAfter: LIMITS.retryAfterSeconds,
  });
