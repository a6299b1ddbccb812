import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./settings-file.ts";

const settingsWith = (retention: string, server = "{}"): string => `
server: ${server}
retention: ${retention}
actions: { a: { steps: [{ run: [npm, ci] }] } }
`;

describe("retention", () => {
  it("takes durations, a size, and forever", async () => {
    const text = settingsWith(
      "{ bodies: 1h30m, deliveries: forever, logs: forever, tasks: 2d, audit: 30d, max_size: 2GB }",
    );
    expect((await load(text)).retention).toEqual({
      bodiesMs: 5_400_000,
      deliveriesMs: null,
      logsMs: null,
      tasksMs: 172_800_000,
      auditMs: 2_592_000_000,
      maxBytes: 2_000_000_000,
    });
  });

  it.each([
    ["{ deliveries: 23h }", /^3:14 retention.deliveries: .*server.replay_window, (24h|1d)/],
    ["{ logs: never }", /^3:14 retention.logs: expected a duration such as 90d, or forever/],
    ["{ tasks: 1s }", /^3:14 retention.tasks: expected a duration of at least 1m/],
    ["{ audit: 29d }", /^3:14 retention.audit: expected a duration of at least 30d/],
    ["{ max_size: 10 }", /^3:14 retention.max_size: expected a size such as 25MB/],
  ])("refuses %s", async (retention, problem) => {
    expect(await problemsOf(settingsWith(retention))).toEqual([expect.stringMatching(problem)]);
  });

  it("may keep deliveries for as little as replays are looked for", async () => {
    const text = settingsWith("{ deliveries: 1h }", "{ replay_window: 1h }");
    expect((await load(text)).retention.deliveriesMs).toBe(3_600_000);
  });
});
