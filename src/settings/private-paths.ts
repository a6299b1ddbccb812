import { join } from "node:path";
import { LOCAL_FILES } from "../domain/local-files.ts";
import type { Reading } from "./reading.ts";
import { secretPlaceOf } from "./secret-store.ts";
import type { PrivatePaths, ServerSettings, Settings } from "./settings.ts";

interface Parts extends Pick<Settings, "file" | "text" | "dataDir" | "store"> {
  readonly workDir: string;
  readonly server: Pick<ServerSettings, "tls" | "admin">;
}

/** What no sandbox shows: the data, the settings, keys, and what secrets were read from. */
export function privatePathsOf(
  { dir, secrets }: Reading,
  { file, text, dataDir, store, workDir, server }: Parts,
): PrivatePaths {
  const kept = secretPlaceOf(text, dir);
  const database = store.kind === "sqlite" ? ["", "-wal", "-shm"].map((end) => store.path + end) : [];
  const local = Object.values(LOCAL_FILES).map((name) => join(dataDir, name));
  return {
    folders: [dataDir, workDir],
    files: [
      ...(file === null ? [] : [file]),
      join(dir, ".env"),
      kept.file,
      kept.keyFile,
      ...secrets.files,
      ...(server.tls === null ? [] : [server.tls.key]),
      ...(server.admin !== null && server.admin.socket !== null ? [server.admin.socket] : []),
      ...database,
      ...local,
    ],
  };
}
