import { z } from "zod";
import { id, time } from "./common.ts";

export const tokenSchema = z
  .object({
    id,
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: time,
    expires_at: time.nullable(),
    last_used_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .meta({ id: "Token" });

export type TokenWire = z.infer<typeof tokenSchema>;

export const userSchema = z
  .object({
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: time,
    disabled_at: time.nullable(),
  })
  .meta({ id: "User" });

export const userTokenSchema = z
  .object({
    id,
    user: z.string(),
    name: z.string(),
    apps: z.array(z.string()).nullable().describe("What it is good for; null: all of the user's"),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
  })
  .meta({ id: "UserToken" });

export const createdUserTokenSchema = userTokenSchema
  .extend({ token: z.string().describe("Shown this once") })
  .meta({ id: "CreatedUserToken" });

export const createdTokenSchema = tokenSchema
  .extend({ token: z.string().describe("Shown this once") })
  .meta({ id: "CreatedToken" });

export const whoamiSchema = z
  .object({
    name: z.string(),
    scopes: z.array(z.string()),
    apps: z
      .array(z.string())
      .optional()
      .describe("Of a user: the apps of the deploy API that they may deploy"),
    actions: z
      .array(z.string())
      .optional()
      .describe(
        "Those that deploy them: their tasks may be seen, started, cancelled and retried, whatever the scopes",
      ),
  })
  .meta({ id: "Whoami" });
