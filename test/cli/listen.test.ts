import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { anEndpoint, aNotice, LINKS } from "../outbound/build.ts";
import { createPlace, type Place } from "../support/cli.ts";
import { until } from "../support/until.ts";

const SECRET = "UseSomethingGoodHere";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

let place: Place;
let running: ReturnType<Place["begin"]> | null = null;
beforeAll(async () => {
  place = await createPlace();
  await place.write("webhook-secret", `${SECRET}\n`);
});
afterEach(async () => {
  running?.kill("SIGTERM");
  await running;
  running = null;
});
afterAll(() => place.close());

interface Listening {
  readonly url: string;
  readonly out: () => string;
  readonly err: () => string;
}

async function listen(...args: string[]): Promise<Listening> {
  const child = place.begin(["listen", "--listen", "0", ...args], { env: { WEBHOOK_SECRET: WHSEC } });
  running = child;
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const url = await until(() => /Listening on (\S+)/.exec(err)?.[1], { what: "it to listen" });
  return { url, out: () => out, err: () => err };
}

const post = async (url: string, body: string, headers: Readonly<Record<string, string>>) => {
  const response = await fetch(url, { method: "POST", body, headers: { ...headers } });
  return [response.status, await response.text()];
};

function sent(kind: string, secret: string) {
  const endpoint = anEndpoint({ kind, secrets: [secret] });
  const { body, headers } = endpoint.render(aNotice(), LINKS);
  const signed = endpoint.sign({ id: "m1", type: "task.completed", body, now: new Date(), attempt: 1 });
  return { body, headers: { ...headers, ...signed } };
}

describe("listen", () => {
  it("answers JobServ as its example receiver does, and prints as it does", async () => {
    const { url, out, err } = await listen("--secret-file", "webhook-secret");
    const { body, headers } = sent("jobserv", SECRET);
    const signature = headers["x-jobserv-sig"] ?? "";
    expect(await post(url, body, headers)).toEqual([200, "OK\n"]);
    expect(await post(url, body, {})).toEqual([400, "Invalid HMAC Sig format"]);
    expect(await post(url, body, { "x-jobserv-sig": signature.replace(":", "=") })).toEqual([
      400,
      "Invalid HMAC Sig format",
    ]);
    expect(await post(url, `${body} `, headers)).toEqual([400, "Invalid HMAC Sig"]);
    const root = await fetch(new URL("/", url));
    expect([root.status, await root.text()]).toEqual([200, "OK\n"]);
    await until(() => err().split("BODY ").length === 5, { what: "four bodies" });
    expect(out().split("\n").slice(0, 2)).toEqual([`HMAC SIG ${signature}`, "HMAC SIG None"]);
    expect(err()).toContain(`BODY b'${body}'\n`);
  });

  it.each([
    ["standard-webhooks", WHSEC],
    ["github", WHSEC],
  ])("knows %s by its headers, verifies it, and refuses what is changed", async (kind, secret) => {
    const { url, out } = await listen();
    const { body, headers } = sent(kind, secret);
    expect(await post(url, body, headers)).toEqual([200, "OK\n"]);
    expect((await post(url, `${body} `, headers))[0]).toBe(401);
    await until(() => out().includes(`${kind}: refused`), { what: "both to be shown" });
    expect(out()).toContain(`${kind}: authentic\n`);
    expect(out()).toContain(body);
  });

  it("says what it needs", async () => {
    expect(await place.run(["listen"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Without a secret"),
    });
    expect(await place.run(["listen", "--secret-file", "none"])).toMatchObject({ exitCode: 3 });
  });
});
