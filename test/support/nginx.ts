import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { listProcesses } from "../../src/lib/processes/proc.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** A real nginx in a folder of its own, that passes everything on to the upstream `web` of `upstream.inc`. */
export interface Nginx {
  readonly url: string;
  /** For the `switch` of a release step. */
  readonly settings: string;
  /** The pids of the processes that answer. */
  workers(): Promise<readonly number[]>;
  /** Once none of these answers any more: for a moment after a reload they go on, with what they knew. */
  reloadedSince(workers: readonly number[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startNginx(dir: string): Promise<Nginx> {
  await mkdir(join(dir, "logs"), { recursive: true });
  const port = await freePort();
  const include = join(dir, "upstream.inc");
  await writeFile(include, "upstream web { server 127.0.0.1:1; }\n");
  await writeFile(join(dir, "nginx.conf"), config(dir, port));
  const argv = ["nginx", "-p", dir, "-c", join(dir, "nginx.conf"), "-e", join(dir, "logs/error.log")];
  const [nginx, ...args] = argv;
  await execa(nginx ?? "", args);
  const workers = async (): Promise<readonly number[]> => {
    const master = Number(await readFile(join(dir, "nginx.pid"), "utf8"));
    return listProcesses()
      .filter(({ parent }) => parent === master)
      .map(({ pid }) => pid);
  };
  const command = (...more: string[]): string => JSON.stringify([...argv, ...more]);
  return {
    url: `http://127.0.0.1:${port}`,
    settings: `{ nginx: { file: ${include}, upstream: web, test: ${command("-t", "-q")}, reload: ${command("-s", "reload")} } }`,
    workers,
    reloadedSince: async (before) =>
      void (await until(
        async () => {
          const now = await workers();
          return now.length === 1 && !before.includes(now[0] ?? 0);
        },
        { what: "nginx to have reloaded" },
      )),
    stop: async () => void (await execa(nginx ?? "", [...args, "-s", "stop"], { reject: false })),
  };
}

const config = (dir: string, port: number): string => `
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/logs/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  include ${dir}/upstream.inc;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://web; proxy_next_upstream off; }
  }
}
`;
