import { describe, expect, it } from "vitest";
import { createLogger } from "../../src/lib/logger.ts";
import { createRefusalLog } from "../../src/usecases/refusal-log.ts";
import { Writable } from "node:stream";

describe("the log of refusals", () => {
  it("writes one line per source and time, and says how many it kept back", () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    let now = new Date(0);
    const log = createRefusalLog({
      logger: createLogger({ level: "info", destination }),
      now: () => now,
    });
    const refusal = { source: "app", code: "signature:invalid", remoteAddress: "192.0.2.1" };
    for (let i = 0; i < 500; i += 1) log(refusal);
    log({ ...refusal, source: "other" });
    expect(lines).toHaveLength(2);
    now = new Date(60_000);
    log(refusal);
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ source: "app", unsaid: 499 });
  });
});
