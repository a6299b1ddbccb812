import type { IncomingMessage } from "node:http";
import type { AppError } from "../../domain/errors.ts";
import type { FoundSource } from "../../usecases/app.ts";
import type { Answer } from "./answer.ts";
import { plainHeaders } from "./plain-headers.ts";

type Words = ReturnType<NonNullable<FoundSource["answers"]>["refused"]>;

/** An answer to an accepted delivery in the words that its sender's kind has for it. */
export const acceptedInWords = (answer: Answer, { answers }: Pick<FoundSource, "answers">): Answer =>
  answers === null ? answer : inWords(answer, answers.accepted);

/** An answer to what is not authentic in those words. Other errors stay as they are: no sender has words for them. */
export function refusedInWords(
  answer: Answer,
  {
    error,
    request,
    source,
  }: { readonly error: AppError; readonly request: IncomingMessage; readonly source: FoundSource },
): Answer {
  if (source.answers === null || !error.code.startsWith("signature:")) return answer;
  return inWords(answer, source.answers.refused({ headers: plainHeaders(request.headers) }));
}

const inWords = (answer: Answer, { status, body }: Words): Answer => ({
  status,
  headers: { ...answer.headers, "content-type": "text/plain; charset=utf-8" },
  body,
});
