import { readFile } from "node:fs/promises";

const ESTABLISHED = "01";

/**
 * How many connections somebody holds to a port of this machine, by the kernel's own list
 * (https://docs.kernel.org/networking/proc_net_tcp.html). Null where there is none.
 */
export async function connectionsTo(port: number): Promise<number | null> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => null)),
  );
  if (tables.every((table) => table === null)) return null;
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return tables
    .flatMap((table) => (table ?? "").split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === ESTABLISHED && local?.split(":")[1] === wanted).length;
}
