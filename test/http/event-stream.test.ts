import { fastify, type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import {
  createEventStreams,
  type EventStreams,
  type EventStreamsOptions,
} from "../../src/http/event-stream.ts";
import { collect, eventsOf } from "../support/event-stream.ts";
import { connectRaw, rawRequest, type RawConnection } from "../support/raw-http.ts";
import { createWorld, type World } from "../support/world.ts";

const SETTINGS = `
actions:
  talk:
    workdir: .
    max_log: 100MiB
    steps: [{ shell: 'head -c 20000000 /dev/zero | tr "\\\\0" x | fold -w 10000' }]
`;
const PIECES = 2_000;

let world: World;
let server: FastifyInstance;
let streams: EventStreams;
let url = "";
let connection: RawConnection | null = null;
/** Log entries that streams have read from the store. */
let read = 0;
let following = 0;
let check: () => Promise<unknown>;

async function open(limits: EventStreamsOptions["limits"]): Promise<string> {
  world = await createWorld({ settings: SETTINGS });
  const { app } = world;
  read = 0;
  check = async () => undefined;
  streams = createEventStreams({
    ...(limits !== undefined && { limits }),
    app: {
      ...app,
      async listLog(input) {
        const entries = await app.listLog(input);
        read += entries.length;
        return entries;
      },
    },
  });
  server = fastify();
  server.get<{ Params: { id: string } }>("/:id", async ({ params }, reply) => {
    following += 1;
    await streams.follow({ taskId: params.id, after: 0, reply, check: () => check() });
    following -= 1;
    return reply;
  });
  url = await server.listen({ host: "127.0.0.1", port: 0 });
  return (await app.startAction({ action: "talk", params: {}, by: "test" })).id;
}
afterEach(async () => {
  streams.close();
  connection?.destroy();
  await server.close();
  await world.close();
});

describe("an event stream", () => {
  it("says now and then that it is still there, which is no event", async () => {
    const id = await open({ heartbeatMs: 20 });
    connection = await connectRaw(url);
    connection.write(rawRequest({ method: "GET", path: `/${id}` }));
    await expect.poll(() => connection?.rest().match(/: still here/g)?.length ?? 0).toBeGreaterThan(3);
    const events = collect(eventsOf(await fetch(`${url}/${id}`)));
    await expect.poll(() => following).toBe(2);
    await world.app.cancelTask({ id, by: "test" });
    expect((await events).map(({ type }) => type)).toEqual(["task", "task", "end"]);
  });

  it("ends, without an end of the task, when its reader may not read it any more", async () => {
    const id = await open({ heartbeatMs: 20 });
    const events = collect(eventsOf(await fetch(`${url}/${id}`)));
    await expect.poll(() => following).toBe(1);
    check = async () => {
      throw new AppError("auth:bad_credentials");
    };
    expect((await events).map(({ type }) => type)).toEqual(["task"]);
    expect(following).toBe(0);
  });

  it("reads no more than its reader takes, and goes on when the reader does", async () => {
    const id = await open({});
    world.work();
    await world.ended(id);
    // Until its body is read, a few buffers fill up and no more.
    const response = await fetch(`${url}/${id}`);
    let before = -1;
    await expect
      .poll(() => [before, (before = read)], { interval: 200, timeout: 20_000 })
      .toSatisfy(([last, now]) => last === now && now > 0);
    expect(read).toBeLessThan(PIECES / 2);
    const events = await collect(eventsOf(response));
    expect(events.at(-1)?.type).toBe("end");
    const output = events.filter((event) => event.type === "log" && event.entry.stream === "stdout");
    expect(output).toHaveLength(PIECES);
  });

  it("lets a reader go that takes nothing for long", async () => {
    const id = await open({ slowReaderMs: 100 });
    world.work();
    await world.ended(id);
    const response = await fetch(`${url}/${id}`);
    await expect.poll(() => following, { timeout: 20_000 }).toBe(0);
    expect(read).toBeLessThan(PIECES / 2);
    await expect(response.text()).rejects.toThrow(/terminated|aborted|closed/);
  });
});
