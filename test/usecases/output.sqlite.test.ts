import { afterEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "correct-horse-battery-staple";

let world: World;
afterEach(() => world.close());

/** Runs a script and resolves with the lines that it has printed, as they are stored; none of ours. */
async function run(script: string, more = ""): Promise<{ printed: string[]; said: string[] }> {
  world = await createWorld({
    env: { HOOK_SECRET: SECRET },
    settings: `
sources: { app: { kind: github, secrets: ["\${HOOK_SECRET}"] } }
actions: { deploy: { workdir: ., ${more} steps: [{ shell: ${JSON.stringify(script)} }] } }
`,
  });
  world.work();
  const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
  expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  const entries = await world.app.listLog({ taskId: id, after: 0, limit: 1_000_000 });
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map(({ seq }) => seq).toSorted((a, b) => a - b));
  const texts = (ours: boolean): string[] =>
    entries.filter(({ stream }) => (stream === "system") === ours).map(({ text }) => text);
  return { printed: texts(false), said: texts(true) };
}

describe("the output of commands", () => {
  it.each([
    ["without a last line end", "printf 'one\\ntwo'", ["one", "two"]],
    ["with bytes that are no text", "printf 'a\\377b\\000c\\n'", ["a\uFFFDb\u2400c"]],
    ["with line ends of another system", "printf 'one\\r\\ntwo\\r\\n'", ["one", "two"]],
    ["none", "true", []],
  ])("is stored: %s", async (_, script, printed) => {
    expect((await run(script)).printed).toEqual(printed);
  });

  it("may be a file of random bytes", async () => {
    const { printed } = await run("head -c 300000 /dev/urandom; echo; echo after");
    expect(printed.at(-1)).toBe("after");
    expect(printed.join("\n")).not.toContain("\0");
  });

  const half = SECRET.length / 2;
  const [left, right] = [SECRET.slice(0, half), SECRET.slice(half)];
  it.each([
    ["between two writes", `printf '${left}'; sleep 0.1; printf '${right}\\n'`],
    ["at the end of a pipe's buffer", `head -c 65522 /dev/zero | tr '\\0' x; printf '${left}${right}\\n'`],
    [
      "byte by byte",
      SECRET.split("")
        .map((char) => `printf '${char}'; sleep 0.01`)
        .join("; "),
    ],
    ["in base64", `printf '%s' '${left}' > s; printf '%s' '${right}' >> s; base64 < s`],
  ])("shows no secret that is cut %s", async (_, script) => {
    const text = (await run(script)).printed.join("");
    expect(text).toContain("***");
    expect(text).not.toContain(left.slice(0, 10));
    expect(text).not.toContain(right.slice(-10));
    expect(text).not.toContain(Buffer.from(SECRET).toString("base64").slice(0, 12));
  });

  const MB = 1024 * 1024;
  it.each([
    ["in one line", "head -c 100000000 /dev/zero | tr '\\0' x"],
    ["in empty lines", "yes '' | head -c 20000000"],
    ["in lines of one letter", "yes | head -c 40000000"],
  ])("may be endless: %s", async (_, script) => {
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 20);
    const { printed, said } = await run(script, "max_log: 1MB,");
    clearInterval(watch);
    expect(Buffer.byteLength(printed.join("\n"))).toBeLessThanOrEqual(1_000_000);
    expect(printed.length).toBeLessThan(20_000);
    expect(said.filter((line) => line.includes("max_log"))).toHaveLength(1);
    expect((most - before) / MB).toBeLessThan(150);
  });
});
