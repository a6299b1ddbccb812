import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { caddySwitch } from "../../src/steps/release/switches/caddy.ts";
import { traefikSwitch } from "../../src/steps/release/switches/traefik.ts";
import { freePort } from "../support/free-port.ts";
import { isInstalled } from "../support/installed.ts";
import { until } from "../support/until.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await createWorkbench();
});
afterEach(() => bench.remove());

const startCaddy = (home: string, file: string) =>
  execa("caddy", ["run", "--config", file], { env: { HOME: home }, reject: false });

describe.skipIf(!isInstalled("caddy"))("the switch of Caddy", () => {
  let caddy: ReturnType<typeof startCaddy>;
  let backends: Server[];
  let ports: number[];
  let admin: string;
  let url: string;

  beforeEach(async () => {
    backends = ["one", "two"].map((name) => createServer((_request, response) => response.end(name)));
    for (const each of backends) await new Promise<void>((resolve) => each.listen(0, "127.0.0.1", resolve));
    ports = backends.map((each) => {
      const address = each.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    });
    const [adminPort, port] = [await freePort(), await freePort()];
    admin = `http://127.0.0.1:${adminPort}`;
    url = `http://127.0.0.1:${port}/`;
    const handle = [
      { "@id": "web", handler: "reverse_proxy", upstreams: [{ dial: `127.0.0.1:${ports[0] ?? 0}` }] },
    ];
    const site = { listen: [`127.0.0.1:${port}`], routes: [{ handle }] };
    const config = {
      admin: { listen: `127.0.0.1:${adminPort}` },
      apps: { http: { servers: { web: site } } },
    };
    const file = join(bench.dir, "caddy.json");
    await writeFile(file, JSON.stringify(config));
    caddy = startCaddy(bench.dir, file);
    await until(
      () =>
        fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ),
      { what: "Caddy" },
    );
  });
  afterEach(async () => {
    caddy.kill();
    await caddy;
    for (const each of backends) each.close();
  });

  it("has the other port in use when it resolves", async () => {
    const proxy = caddySwitch({ admin: `${admin}/`, path: "/id/web/upstreams" });
    expect(await (await fetch(url)).text()).toBe("one");
    await proxy.to(ports[1] ?? 0, bench.context);
    expect(await (await fetch(url)).text()).toBe("two");
  });

  it("says what Caddy said when it does not take it", async () => {
    const proxy = caddySwitch({ admin, path: "/id/other/upstreams" });
    await expect(proxy.to(1, bench.context)).rejects.toThrow(/Caddy answered 404: .*unknown object ID/);
    expect(await (await fetch(url)).text()).toBe("one");
  });

  it("says that nobody is there", async () => {
    const proxy = caddySwitch({ admin: "http://127.0.0.1:1", path: "/id/web/upstreams" });
    await expect(proxy.to(1, bench.context)).rejects.toThrow("Caddy could not be asked at");
  });
});

describe("the switch of Traefik", () => {
  it("writes the service into its own file, and replaces it in one step", async () => {
    await mkdir(join(bench.dir, "dynamic"));
    const file = join(bench.dir, "dynamic/web.yml");
    const proxy = traefikSwitch({ file, service: "web" });
    for (const port of [3001, 3002]) {
      await proxy.to(port, bench.context);
      expect(parse(await readFile(file, "utf8"))).toEqual({
        http: { services: { web: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${port}` }] } } } },
      });
    }
  });

  it("says that its folder is not there", async () => {
    const proxy = traefikSwitch({ file: join(bench.dir, "none/web.yml"), service: "web" });
    await expect(proxy.to(1, bench.context)).rejects.toThrow("ENOENT");
  });
});
