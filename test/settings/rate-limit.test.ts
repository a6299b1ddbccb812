import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./settings-file.ts";

const limitsOf = async (server: string, source: string) => {
  const text = `server: { ${server} }\nsources:\n  app: { kind: github, secret: not-for-others-at-all, ${source} }\n`;
  const settings = await load(text);
  return { server: settings.server.rateLimits, app: settings.sources["app"]?.rateLimits };
};

const defaults = { client: { perSecond: 100, burst: 2_000 }, source: null };
const given = { client: { perSecond: 0.5, burst: 3 }, source: null };

describe("rate_limit", () => {
  it("bounds clients generously and sources not at all by default", async () => {
    expect(await limitsOf("", "")).toEqual({ server: defaults, app: defaults });
  });

  it("of a source goes before the server's, key by key", async () => {
    const server = "rate_limit: { client: { per_second: 0.5, burst: 3 } }";
    expect(await limitsOf(server, "")).toEqual({ server: given, app: given });
    const own = "rate_limit: { source: { per_second: 1, burst: 2 } }";
    expect(await limitsOf(server, own)).toEqual({
      server: given,
      app: { ...given, source: { perSecond: 1, burst: 2 } },
    });
    expect(await limitsOf(server, "rate_limit: { client: off }")).toMatchObject({ app: { client: null } });
    const off = { client: null, source: null };
    expect(await limitsOf(server, "rate_limit: off")).toEqual({ server: given, app: off });
    expect(await limitsOf("rate_limit: off", "")).toEqual({ server: off, app: off });
  });

  it.each([
    ["{ client: { per_second: 0, burst: 3 } }", "per_second"],
    ["{ client: { per_second: 1 } }", "burst"],
    ["{ clients: off }", "clients"],
    ["5", "rate_limit"],
  ])("is refused with its place: %s", async (value, key) => {
    expect((await problemsOf(`server: { rate_limit: ${value} }\n`)).join("\n")).toContain(key);
  });
});
