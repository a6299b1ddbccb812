import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./settings-file.ts";

const settingsWith = (store: string, server: string): string => `
store: ${store}
server: ${server}
actions: { a: { steps: [{ run: [npm, ci] }] } }
`;
const POSTGRES = "postgres://me@db.example.com/hookwright";

describe("the spool", () => {
  it.each([
    ["{}", null],
    ["{ spool: true }", 1_000_000_000],
    ["{ spool: true, spool_limit: 5MB }", 5_000_000],
    ["{ spool_limit: 5MB }", null],
  ])("with %s has room for %s bytes", async (server, bytes) => {
    expect((await load(settingsWith(POSTGRES, server))).server.spoolBytes).toBe(bytes);
  });

  it("is refused with an embedded store, which is never away", async () => {
    expect(await problemsOf(settingsWith("sqlite:./a.db", "{ spool: true }"))).toEqual([
      "3:11 server.spool: is for a store on PostgreSQL; the embedded one is never away",
    ]);
  });
});
