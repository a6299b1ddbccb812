import type { Response as UndiciResponse } from "undici";

/** A request for undici. Bodies are read whole: they are small, and a retry or a refusal then leaves nothing half sent. */
export async function toInit(request: Request) {
  const { method } = request;
  const headers = [...request.headers].map(([name, value]): [string, string] => [name, value]);
  return { method, headers, body: request.body === null ? null : Buffer.from(await request.arrayBuffer()) };
}

/** A response of the global kind, with that body or none. */
export function toResponse(
  { status, statusText, headers, url }: UndiciResponse,
  body: ArrayBuffer | UndiciResponse["body"],
): Response {
  const hasBody = ![101, 204, 205, 304].includes(status);
  const result = new Response(hasBody ? body : null, { status, statusText, headers: [...headers] });
  Object.defineProperty(result, "url", { value: url });
  return result;
}
