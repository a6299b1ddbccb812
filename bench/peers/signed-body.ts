import { createHmac, timingSafeEqual } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";

/** What anybody would write first: gathers the body and checks its HMAC. A wrong one is answered with 401. */
export const onSignedBody =
  (secret: string, take: (body: Buffer, response: ServerResponse) => void): RequestListener =>
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const expected = createHmac("sha256", secret).update(body).digest();
      const given = Buffer.from(String(request.headers["x-hub-signature-256"]).slice(7), "hex");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        response.writeHead(401).end();
        return;
      }
      take(body, response);
    });
  };
