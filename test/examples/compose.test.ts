import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectArguments, readText, readYaml, root, settingsProblems } from "./container-files.ts";

const service = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  hostname: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.literal("service_healthy") })).default({}),
  restart: z.literal("unless-stopped"),
  stop_grace_period: z.string().optional(),
  healthcheck: z.record(z.string(), z.unknown()).optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  shm_size: z.string().optional(),
});
const compose = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

type Service = z.infer<typeof service>;

describe("the example for Compose", () => {
  let text: string;
  let services: Readonly<Record<string, Service>>;
  let volumes: readonly string[];
  const having = (flag: string): readonly Service[] =>
    Object.values(services).filter(({ command = [] }) => command.includes(flag));

  beforeAll(async () => {
    text = await readText("examples/compose/compose.yaml");
    const [document] = await readYaml("examples/compose/compose.yaml");
    const parsed = compose.parse(document);
    ({ services } = parsed);
    volumes = Object.keys(parsed.volumes);
  });

  it("has two receivers, three workers, one PostgreSQL", () => {
    expect(having("--receive")).toHaveLength(2);
    expect(having("--work")).toHaveLength(3);
    expect(Object.values(services).filter(({ image }) => image.startsWith("postgres:"))).toHaveLength(1);
    const named = [...having("--receive"), ...having("--work")].map(({ hostname }) => hostname);
    expect(new Set(named).size).toBe(5);
  });

  it("starts them with arguments that `hookwright` knows", async () => {
    const commands = new Set(
      Object.values(services).flatMap(({ command }) => (command === undefined ? [] : [command.join(" ")])),
    );
    expect(commands.size).toBe(2);
    for (const command of commands) await expectArguments(command.split(" "));
  });

  it("waits for what is there, and mounts what is there", () => {
    const all = Object.values(services);
    const needed = all.flatMap((each) => Object.keys(each.depends_on));
    expect(needed.filter((name) => !(name in services))).toEqual([]);
    const mounted = all.flatMap((each) => each.volumes.map((mount) => mount.split(":")[0] ?? ""));
    const missing = mounted.filter((from) =>
      from.startsWith("./") ? !existsSync(join(root, "examples/compose", from)) : !volumes.includes(from),
    );
    expect(missing).toEqual([]);
  });

  it("gives each worker a folder of its own", () => {
    const folders = having("--work").map(({ volumes: mounts }) =>
      mounts.find((mount) => mount.endsWith(":/var/lib/hookwright")),
    );
    expect(folders).not.toContain(undefined);
    expect(new Set(folders).size).toBe(3);
  });

  it("asks for every variable that it uses, and its settings are valid with those it gives", async () => {
    const used = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = ""]) => name);
    const offered = [...(await readText("examples/compose/.env.example")).matchAll(/^([A-Z_]+)=/gm)];
    expect(new Set(used)).toEqual(new Set(offered.map(([, name]) => name)));
    for (const each of [...having("--receive"), ...having("--work")]) {
      const given = Object.keys(each.environment);
      expect(await settingsProblems("examples/compose/hookwright.yaml", given)).toEqual([]);
    }
    expect(await settingsProblems("examples/compose/hookwright.yaml", ["POSTGRES_URL"])).not.toEqual([]);
  });

  it("puts just the receivers behind the proxy", async () => {
    const caddyfile = await readText("examples/compose/Caddyfile");
    const upstreams = [...caddyfile.matchAll(/(\S+):8080/g)].map(([, name]) => name);
    const receivers = Object.entries(services).flatMap(([name, { command = [] }]) =>
      command.includes("--receive") ? [name] : [],
    );
    expect(upstreams).toEqual(receivers);
    expect(caddyfile).toContain("health_uri /readyz");
  });
});
