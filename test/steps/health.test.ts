import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
let server: Server;
beforeEach(async () => {
  bench = await createWorkbench();
});
afterEach(async () => {
  server.close();
  await bench.remove();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

describe("health", () => {
  it("waits until the answer is a good one that holds the text", async () => {
    const answers = [
      [500, "no"],
      [302, "elsewhere"],
      [200, "starting"],
      [200, "up and running"],
    ] as const;
    let asked = 0;
    const http = await serve((_request, response) => {
      const [status, text] = answers[asked] ?? [500, "once too often"];
      asked += 1;
      response.writeHead(status, { location: "/" }).end(text);
    });
    await bench.run("health", { http, interval: "1ms", expect: "running" });
    expect(asked).toBe(4);
    expect(bench.lines).toEqual([
      `${http}: it answered 500`,
      `${http}: it answered 302`,
      `${http}: its answer does not hold "running"`,
      `${http} is well`,
    ]);
  });

  it("says what it saw last when the time is up", async () => {
    const http = await serve((_request, response) => response.writeHead(503).end());
    await expect(bench.run("health", { http, within: "50ms", interval: "1ms" })).rejects.toMatchObject({
      code: "step:failed",
      message: `${http} was not well in time: it answered 503`,
    });
  });

  it("says that nobody answers", async () => {
    const http = await serve(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await expect(bench.run("health", { http, within: "50ms", interval: "1ms" })).rejects.toThrow(
      "ECONNREFUSED",
    );
  });

  it("ends with the task, also while it waits for an answer", async () => {
    const cancel = new AbortController();
    const http = await serve(() => cancel.abort(new Error("cancelled")));
    await expect(bench.run("health", { http }, { signal: cancel.signal })).rejects.toThrow("cancelled");
  });
});
