import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createUsers } from "../../../src/accounts/users.ts";
import { AppError } from "../../../src/domain/errors.ts";
import type { HttpServer } from "../../../src/http/server.ts";
import type { Store } from "../../../src/storage/store.ts";
import { githubPayload, PASSWORD, settingsFor } from "../../support/deploy-world.ts";
import { matching } from "../../support/like.ts";
import { serveWorld } from "../../support/serve-world.ts";
import { createWorld, type World } from "../../support/world.ts";

let world: World;
let http: HttpServer;
let url: string;
/** Calls of the store that fail. */
const broken = new Set<keyof Store>();
let beforeCall: (name: keyof Store) => void;

beforeEach(async () => {
  broken.clear();
  beforeCall = () => undefined;
  world = await createWorld({
    settings: settingsFor("http://127.0.0.1:1", "http://127.0.0.1:1"),
    store: (store) =>
      new Proxy(store, {
        get(target, name: keyof Store) {
          const call: unknown = Reflect.get(target, name);
          if (typeof call !== "function") return call;
          // Looked at when it is called: what wraps the store takes its functions once.
          return (...args: unknown[]): unknown => {
            beforeCall(name);
            return broken.has(name)
              ? Promise.reject(new AppError("store:unavailable"))
              : Reflect.apply(call, target, args);
          };
        },
      }),
  });
  await createUsers(world.services).add({ name: "dscape", password: PASSWORD });
  ({ url, http } = await serveWorld(world));
});
afterEach(async () => {
  broken.clear();
  await http.close();
  await world.close();
});

const basic = (secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`dscape:${secret}`).toString("base64")}`,
});
const PATHS = ["webhooks", "webhooks/hello", "changes", "changes/", "changes/x"].map(
  (path) => `/1/status/dscape/${path}`,
);

/** Status and code; what else an error has is the same for all. */
async function codeOf(path: string, body?: unknown, headers = basic(PASSWORD)): Promise<readonly unknown[]> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url + path, { ...init, headers });
  const { error, ...rest } = z.record(z.string(), z.unknown()).parse(await response.json());
  expect(rest).toEqual({ reason: matching(/./), uuid: response.headers.get("x-api-uuid") });
  expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get("x-api-version")).toMatch(/^1\.\d+\.\d+$/);
  return [response.status, error];
}

describe("a store that does not answer", () => {
  it("is deploy:db:failed_to_store_payload, 503; nothing was started", async () => {
    broken.add("storeDelivery");
    const found = await codeOf("/1/deploy", githubPayload("a".repeat(40)));
    expect(found).toEqual([503, "deploy:db:failed_to_store_payload"]);
    broken.clear();
    expect((await world.app.listTasks({ limit: 10 })).items).toEqual([]);
  });

  it.each<keyof Store>(["getUser", "findUserToken"])(
    "is deploy:db:failed_to_store_payload, 503, where it should have told of the user: %s",
    async (call) => {
      broken.add(call);
      const secret = call === "getUser" ? PASSWORD : "hwu_a-token";
      const found = await codeOf("/1/deploy", githubPayload("a".repeat(40)), basic(secret));
      expect(found).toEqual([503, "deploy:db:failed_to_store_payload"]);
      expect(await codeOf("/", githubPayload("a".repeat(40)), basic(secret))).toEqual(found);
    },
  );

  it.each(PATHS)(
    "is mw:auth:auth_server_down, 500, where it should have told of the user: %s",
    async (path) => {
      broken.add("getUser").add("findUserToken");
      for (const secret of [PASSWORD, "hwu_a-token"])
        expect(await codeOf(path, undefined, basic(secret))).toEqual([500, "mw:auth:auth_server_down"]);
    },
  );

  it("is status:db:query_fail and status:db:get_by_id, 500", async () => {
    broken.add("listDeployEntries");
    expect(await codeOf("/1/status/dscape/webhooks")).toEqual([500, "status:db:query_fail"]);
    expect(await codeOf("/1/status/dscape/webhooks/hello")).toEqual([500, "status:db:query_fail"]);
    expect(await codeOf("/1/status/dscape/changes?feed=normal")).toEqual([500, "status:db:query_fail"]);
    expect(await codeOf("/1/status/dscape/changes/x")).toEqual([500, "status:db:get_by_id"]);
  });

  it("is auth:github:get_user_failed, 500, once the login has passed", async () => {
    await fetch(`${url}/1/status/dscape/webhooks`, { headers: basic(PASSWORD) });
    const credentials = "octocat:ghp_token";
    let asked = 0;
    beforeCall = (name) => {
      if (name === "getUser") asked += 1;
      // The first is the login's.
      if (asked > 1) broken.add("getUser");
    };
    expect(await codeOf("/1/auth/github", { credentials })).toEqual([500, "auth:github:get_user_failed"]);
  });

  it("is mw:auth:auth_server_down, 500, for pairing, too", async () => {
    broken.add("getUser");
    expect(await codeOf("/1/auth/github", {})).toEqual([500, "mw:auth:auth_server_down"]);
  });

  it("ends a follower with status:changes:fatal as the last line", async () => {
    const response = await fetch(`${url}/1/status/dscape/changes`, { headers: basic(PASSWORD) });
    broken.add("settleDeploys");
    const [last, ...more] = (await response.text()).split("\n").filter((line) => line !== "");
    expect(more).toEqual([]);
    expect(JSON.parse(last ?? "")).toEqual({
      error: "status:changes:fatal",
      reason: matching(/./),
      uuid: response.headers.get("x-api-uuid"),
    });
  });

  it("is status:changes:fatal, 500, for who waits for the first change", async () => {
    let looked = 0;
    beforeCall = (name) => {
      // The first is of the request itself, the next ones look for what is new.
      if (name === "listDeployEntries" && (looked += 1) > 2) broken.add("settleDeploys");
    };
    const found = await codeOf("/1/status/dscape/changes?feed=longpoll");
    expect(found).toEqual([500, "status:changes:fatal"]);
  });
});

describe("a user's record that can't be used", () => {
  it("is mw:auth:no_username, 401; a deploy's is deploy:auth:bad_creds", async () => {
    await world.services.store.changeUser({ name: "dscape", passwordHash: "no hash" });
    for (const path of PATHS)
      expect([path, ...(await codeOf(path))]).toEqual([path, 401, "mw:auth:no_username"]);
    expect(await codeOf("/1/auth/github", {})).toEqual([401, "mw:auth:no_username"]);
    const found = await codeOf("/1/deploy", githubPayload("a".repeat(40)));
    expect(found).toEqual([401, "deploy:auth:bad_creds"]);
  });
});
