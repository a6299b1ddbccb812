import type { z } from "zod";
import type { userSchema, userTokenSchema, whoamiSchema } from "../../client/schemas.ts";
import type { Reach } from "../../usecases/reach-of.ts";
import type { User, UserToken } from "../../domain/user.ts";

export const userToWire = ({ name, scopes, createdAt, disabledAt }: User): z.infer<typeof userSchema> => ({
  name,
  scopes: [...scopes],
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

interface Who {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly reach: Reach | null;
}

export const whoamiToWire = ({ name, scopes, reach }: Who): z.infer<typeof whoamiSchema> => ({
  name,
  scopes: [...scopes],
  ...(reach !== null && { apps: [...reach.apps], actions: [...reach.actions] }),
});
