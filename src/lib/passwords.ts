import { hash, verify } from "@node-rs/argon2";

/** OWASP's first choice for argon2id, which is the library's default: 19 MiB, 2 passes, 1 lane. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The PHC string (`$argon2id$…`) of a password or token, as `TOKEN_HASH` wants it. */
export const hashPassword = (password: string): Promise<string> => hash(password, OPTIONS);

/** Whether the password is the hash's. Rejects when the hash is not an argon2 hash. */
export const verifyPassword = (phc: string, password: string): Promise<boolean> => verify(phc, password);
