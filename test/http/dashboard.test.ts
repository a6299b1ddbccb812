import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: "sources: {}", work: false });
});
afterAll(() => server.close());

const page = async () => (await server.fetch("/ui/")).text();
const scriptOf = (html: string): string => /src="(\/ui\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "";

describe("the dashboard's files", () => {
  it("begin with a page under a policy that lets nothing in from elsewhere, and nothing inline", async () => {
    const response = await server.fetch("/ui/");
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    const html = await response.text();
    expect(html).not.toMatch(/<style|style=|https?:\/\//);
    expect(html.match(/<script/g)).toEqual(["<script"]);
    expect(scriptOf(html)).not.toBe("");
  });

  it("are the same page for each of its paths, and a 404 for a file that there is not", async () => {
    const html = await page();
    expect(await (await server.fetch("/ui/tasks/1")).text()).toBe(html);
    expect((await server.fetch("/ui/assets/none.js")).status).toBe(404);
    for (const path of ["/ui/assets/..%2f..%2fpackage.json", "/ui/assets/%2e%2e/%2e%2e/package.json"]) {
      const { statusCode, body } = await request(server.url + path);
      const text = await body.text();
      expect([statusCode === 404 || text === html, text.includes("devDependencies")]).toEqual([true, false]);
    }
  });

  it("are kept by browsers for as long as they are the same", async () => {
    const path = scriptOf(await page());
    const script = await server.fetch(path);
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const again = await server.fetch("/ui/", {
      headers: { "if-none-match": (await server.fetch("/ui/")).headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);
  });

  it("come compressed to who can read that", async () => {
    const path = scriptOf(await page());
    const plain = await (await server.fetch(path)).text();
    const get = async (coding: string) => {
      const { headers, body } = await request(server.url + path, { headers: { "accept-encoding": coding } });
      return { coding: headers["content-encoding"], bytes: Buffer.from(await body.arrayBuffer()) };
    };
    const brotli = await get("gzip, deflate, br");
    expect(brotli.coding).toBe("br");
    expect(brotliDecompressSync(brotli.bytes).toString()).toBe(plain);
    const gzip = await get("gzip;q=0.5, br;q=0");
    expect(gzip.coding).toBe("gzip");
    expect(gunzipSync(gzip.bytes).toString()).toBe(plain);
    const none = await get("identity");
    expect([none.coding, none.bytes.toString()]).toEqual([undefined, plain]);
  });

  it("are less than 100 KB of compressed scripts", async () => {
    const scripts = (await page()).match(/\/ui\/assets\/[^"]+\.js/g) ?? [];
    let bytes = 0;
    for (const path of new Set(scripts)) {
      const { body } = await request(server.url + path, { headers: { "accept-encoding": "gzip" } });
      bytes += (await body.arrayBuffer()).byteLength;
    }
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThan(100_000);
  });
});

describe("a browser", () => {
  const browse = (path: string) =>
    server.fetch(path, { redirect: "manual", headers: { accept: "text/html,*/*;q=0.8" } });

  it("that asks for nothing in particular is led to the dashboard", async () => {
    const response = await browse("/");
    expect([response.status, response.headers.get("location")]).toEqual([302, "/ui/"]);
    expect((await browse("/ui")).headers.get("location")).toBe("/ui/");
    expect(await (await server.fetch("/")).text()).toContain("/ui");
  });
});
