import { afterEach, describe, expect, it } from "vitest";
import { receivedSchema } from "../../../src/client/schemas.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { problemOf } from "../../support/problems.ts";
import { githubPush } from "../../support/push.ts";
import { connectRaw, rawRequest } from "../../support/raw-http.ts";
import { serveWorld, type ServedWorld } from "../../support/serve-world.ts";
import { createWorld, type World } from "../../support/world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push }]
    steps: [{ shell: "true" }]
`;

let world: World;
let served: ServedWorld;
afterEach(async () => {
  await served.http.close();
  await world.close();
});

function send(push = githubPush({ secret: SECRET })): Promise<Response> {
  const { headers, body } = push;
  return fetch(`${served.url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
}

async function openWithFaults(fault: () => Error | null): Promise<void> {
  world = await createWorld({
    settings: SETTINGS,
    store: (store) => ({
      ...store,
      async storeDelivery(input) {
        const error = fault();
        if (error !== null) throw error;
        return store.storeDelivery(input);
      },
    }),
  });
  served = await serveWorld(world);
}

describe("when the store fails", () => {
  it("a webhook gets 503 with Retry-After and nothing is claimed; the sender's next try is the first", async () => {
    let broken = true;
    await openWithFaults(() =>
      broken ? new AppError("store:unavailable", undefined, { retryAfter: 5 }) : null,
    );
    const push = githubPush({ secret: SECRET });
    const refused = await send(push);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    const problem = await problemOf(refused);
    expect(problem.code).toBe("store:unavailable");
    expect(Object.keys(problem)).not.toContain("delivery");
    expect(refused.headers.get("location")).toBeNull();
    expect((await world.app.listDeliveries({ limit: 10 })).items).toEqual([]);
    expect((await world.app.listTasks({ limit: 10 })).items).toEqual([]);

    broken = false;
    const taken = await send(push);
    expect(taken.status).toBe(202);
    expect(receivedSchema.parse(await taken.json())).toMatchObject({ duplicate: false });
  });

  it("in a way nobody foresaw, the sender is told nothing about it", async () => {
    await openWithFaults(() => new Error("SQLITE_CORRUPT in /srv/secret/place.db"));
    const response = await send();
    expect(response.status).toBe(500);
    const problem = await problemOf(response);
    expect(problem.code).toBe("internal");
    expect(JSON.stringify(problem)).not.toMatch(/SQLITE|secret|place/);
  });
});

describe("when the server closes", () => {
  it("what comes on open connections gets 503, and what is under way is finished", async () => {
    const storing = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    world = await createWorld({
      settings: SETTINGS,
      store: (store) => ({
        ...store,
        async storeDelivery(input) {
          reached.resolve();
          await storing.promise;
          return store.storeDelivery(input);
        },
      }),
    });
    served = await serveWorld(world);
    const late = await connectRaw(served.url);
    late.write("POST /hooks/app HTTP/1.1\r\nhost: localhost\r\n");
    const underWay = await connectRaw(served.url);
    underWay.write(rawRequest({ path: "/hooks/app", ...githubPush({ secret: SECRET }) }));
    await reached.promise;

    const closed = served.http.close();
    late.write("content-length: 2\r\n\r\n{}");
    const refused = await late.answer();
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ "retry-after": "5", connection: "close" });
    expect((await problemOf(refused)).code).toBe("server:draining");
    storing.resolve();
    const finished = await underWay.answer();
    expect(finished.status).toBe(202);
    expect(finished.headers["connection"]).toBe("close");
    late.destroy();
    underWay.destroy();
    await closed;
    expect((await world.app.listDeliveries({ limit: 10 })).items).toHaveLength(1);
  });
});
