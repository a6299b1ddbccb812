import { describe, expect, it } from "vitest";
import { createRefusalLog } from "../../src/usecases/refusal-log.ts";
import { logLines } from "../support/log-lines.ts";

describe("the log of refusals", () => {
  it("writes one line per source and time, and says how many it kept back", () => {
    const { logger, lines } = logLines("info");
    let now = new Date(0);
    const log = createRefusalLog({ logger, now: () => now });
    const refusal = { source: "app", code: "signature:invalid", remoteAddress: "192.0.2.1" };
    for (let i = 0; i < 500; i += 1) log(refusal);
    log({ ...refusal, source: "other" });
    expect(lines).toHaveLength(2);
    now = new Date(60_000);
    log(refusal);
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ source: "app", unsaid: 499 });
  });
});
