import { AppError } from "../domain/errors.ts";
import { seal, unseal } from "../lib/secret-box.ts";
import type { Logger } from "../lib/logger.ts";
import type { Store } from "../storage/store.ts";

/** Where what users have entrusted to us is kept, encrypted. */
export interface PairingVault {
  /** Null: there is none of that name. Rejects `secrets:unreadable`. */
  read(name: string): Promise<string | null>;
  /** Rejects `secrets:unreadable`. */
  write(name: string, value: string): Promise<void>;
  /**
   * At the start of a server: takes over what the machine had kept to itself, and encrypts with the first key what an older
   * one opens; says in the log what no key opens. Rejects `store:unavailable`, `secrets:unreadable`.
   */
  settle(): Promise<void>;
}

/** The secrets of this machine (see SecretStore), and their keys: the first encrypts, every one decrypts. */
export interface MachineSecrets {
  read(name: string): string | null;
  list(): readonly { readonly name: string }[];
  set(name: string, value: string): Promise<void>;
  readonly keys: { all(): readonly Buffer[]; current(): Buffer };
}

/** Where one server has the store to itself: beside its other secrets, so that `rotate-key` is for them, too. */
export const createMachineVault = (secrets: MachineSecrets): PairingVault => ({
  read: async (name) => secrets.read(name),
  write: (name, value) => secrets.set(name, value),
  settle: async () => undefined,
});

export interface SharedVaultOptions {
  readonly store: Pick<Store, "getPairing" | "putPairing" | "listPairings" | "replacePairing">;
  readonly secrets: MachineSecrets;
  readonly logger: Logger;
  readonly now: () => Date;
}

export const PAIRING_PREFIX = "pairing-";

/** In a store that servers share: each opens it, as long as all of them have the same key. */
export function createSharedVault({ store, secrets, logger, now }: SharedVaultOptions): PairingVault {
  const open = (name: string, sealed: string): string | null => unseal(secrets.keys.all(), name, sealed);

  const put = (name: string, value: string): Promise<void> =>
    store.putPairing({ name, sealed: seal(secrets.keys.current(), name, value), now: now().toISOString() });

  async function takeOver(): Promise<void> {
    const own = secrets.list().filter(({ name }) => name.startsWith(PAIRING_PREFIX));
    for (const { name } of own) {
      const value = secrets.read(name);
      if (value !== null && (await store.getPairing(name)) === null) await put(name, value);
    }
  }

  /** Whether it can be opened. */
  async function renew(name: string, was: string): Promise<boolean> {
    const value = open(name, was);
    if (value === null) return false;
    const newest = secrets.keys.all().slice(0, 1);
    if (unseal(newest, name, was) === null) {
      await store.replacePairing({ name, was, sealed: seal(secrets.keys.current(), name, value) });
    }
    return true;
  }

  return {
    async read(name) {
      const sealed = await store.getPairing(name);
      if (sealed === null) return null;
      const value = open(name, sealed);
      if (value === null) throw otherKey();
      return value;
    },
    async write(name, value) {
      // With a key that opens none of the others, each server would have pairings that others can't use.
      const others = await store.listPairings();
      if (others.some((other) => other.name !== name && open(other.name, other.sealed) === null)) {
        throw otherKey();
      }
      await put(name, value);
    },
    async settle() {
      await takeOver();
      let closed = 0;
      for (const { name, sealed } of await store.listPairings()) {
        if (!(await renew(name, sealed))) closed += 1;
      }
      if (closed > 0) logger.error({ pairings: closed }, otherKey().message);
    },
  };
}

const otherKey = (): AppError =>
  new AppError(
    "secrets:unreadable",
    "Tokens that users have paired with can't be opened by this server's key: servers on one PostgreSQL need the same one, in HOOKWRIGHT_SECRETS_KEY or secrets.key_file",
  );
