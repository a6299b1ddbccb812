import { createHmac } from "node:crypto";

export const hmacHex = (secret: string, body: string): string =>
  createHmac("sha256", secret).update(body).digest("hex");
