import type { AuthResult } from "../source.ts";

export const missing = (explanation: string): AuthResult => ({
  ok: false,
  code: "signature:missing",
  explanation,
});

export const invalid = (explanation: string): AuthResult => ({
  ok: false,
  code: "signature:invalid",
  explanation,
});

export const expired = (explanation: string): AuthResult => ({
  ok: false,
  code: "signature:expired",
  explanation,
});
