import { beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN } from "../../src/domain/audit.ts";
import { AppError } from "../../src/domain/errors.ts";
import { type AccessLog, createAccessLog } from "../../src/http/access-log.ts";
import { LIMITS } from "../../src/http/limits.ts";

interface Recorded {
  readonly address: string | null;
  readonly code: string;
  readonly unsaid: unknown;
}

let time = 0;
let recorded: Recorded[] = [];
let log: AccessLog;
beforeEach(() => {
  time = 0;
  recorded = [];
  const auditor = {
    async refused(
      {
        asker,
        details = {},
      }: { asker: { place?: { address: string | null } | undefined }; details?: object },
      error: unknown,
    ) {
      const unsaid = "unsaid" in details ? details.unsaid : 0;
      const code = error instanceof AppError ? error.code : "internal";
      recorded.push({ address: asker.place?.address ?? null, code, unsaid });
    },
  };
  log = createAccessLog(auditor, () => time);
});

const askerAt = (address: string) => ({ by: UNKNOWN, place: { way: "api", address } }) as const;

async function fail(address: string, error: Error = new AppError("auth:bad_credentials")): Promise<void> {
  const refused = log.ofLogin(askerAt(address), () => Promise.reject(error));
  await expect(refused).rejects.toBe(error);
}

describe("refused logins", () => {
  it("are recorded once in a while for each network, and then with how many there were", async () => {
    for (let count = 0; count < 5; count += 1) await fail("192.0.2.1");
    await fail("2001:db8::1");
    await fail("2001:db8::2");
    const first = { code: "auth:bad_credentials", unsaid: 0 };
    expect(recorded).toEqual([
      { ...first, address: "192.0.2.1" },
      { ...first, address: "2001:db8::1" },
    ]);
    time += LIMITS.auditQuietMs;
    await fail("192.0.2.1");
    expect(recorded.at(-1)).toEqual({ ...first, address: "192.0.2.1", unsaid: 4 });
  });

  it("from very many networks are bounded all together", async () => {
    const many = LIMITS.auditRefusals + 20;
    for (let index = 0; index < many; index += 1) await fail(`198.51.${index}.1`);
    expect(recorded).toHaveLength(LIMITS.auditRefusals);
    time += LIMITS.auditQuietMs;
    await fail("203.0.113.1");
    expect(recorded).toHaveLength(LIMITS.auditRefusals + 1);
  });

  it("are none where something else went wrong", async () => {
    await fail("192.0.2.1", new AppError("store:unavailable"));
    await fail("192.0.2.1", new Error("a fault of ours"));
    expect(recorded).toEqual([]);
  });
});

it("of refused requests, changes alone are recorded", () => {
  const error = new AppError("auth:forbidden");
  log.ofRequest(askerAt("192.0.2.1"), { method: "GET", url: "/api/v1/tokens" }, error);
  expect(recorded).toEqual([]);
  log.ofRequest(askerAt("192.0.2.1"), { method: "POST", url: "/api/v1/tokens?x=1" }, error);
  expect(recorded).toHaveLength(1);
});
