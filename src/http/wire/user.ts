import type { z } from "zod";
import type { userSchema, userTokenSchema } from "../../client/schemas.ts";
import type { User, UserToken } from "../../domain/user.ts";

export const userToWire = ({ name, createdAt, disabledAt }: User): z.infer<typeof userSchema> => ({
  name,
  created_at: createdAt,
  disabled_at: disabledAt,
});

export const userTokenToWire = (row: UserToken): z.infer<typeof userTokenSchema> => ({
  id: row.id,
  user: row.user,
  name: row.name,
  apps: row.apps === null ? null : [...row.apps],
  created_at: row.createdAt,
  expires_at: row.expiresAt,
  revoked_at: row.revokedAt,
});
