import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAddressGuard } from "../../src/lib/address-guard.ts";
import { OutboundError } from "../../src/lib/outbound-error.ts";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { createPoster } from "../../src/lib/outbound-post.ts";

let server: Server;
let url = "";
let seen: string[] = [];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request.url ?? "");
    if (request.url === "/redirect") response.writeHead(302, { location: `${url}/target` }).end();
    else if (request.url === "/large") response.end("x".repeat(5_000));
    else if (request.url === "/endless") response.write("x");
    else if (request.url === "/none") response.writeHead(204).end();
    else if (request.url !== "/silent") {
      response.writeHead(201, { "x-type": request.headers["content-type"] ?? "" });
      request.pipe(response);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
);

const local = (options = {}) => createOutboundFetch({ allowCidrs: ["127.0.0.0/8", "::1/128"], ...options });

describe("createOutboundFetch", () => {
  it("calls an allowed address and gives the answer", async () => {
    const response = await local()(`${url}/x`, {
      method: "POST",
      body: "héllo",
      headers: { "content-type": "text/x" },
    });
    expect([response.status, response.headers.get("x-type"), await response.text()]).toEqual([
      201,
      "text/x",
      "héllo",
    ]);
    expect(response.url).toBe(`${url}/x`);
    expect((await local()(`${url}/none`)).status).toBe(204);
  });

  it("refuses an address and a name that stands for one, before it connects", async () => {
    const guarded = createOutboundFetch();
    await expect(guarded(url)).rejects.toThrow(OutboundError);
    await expect(guarded(url)).rejects.toThrow("127.0.0.1 is not called: the address is loopback");
    await expect(guarded(url.replace("127.0.0.1", "localhost"))).rejects.toThrow(
      /localhost \(.*\) is not called/,
    );
    await expect(guarded(url.replace("127.0.0.1", "[::ffff:127.0.0.1]"))).rejects.toThrow("is not called");
    await expect(guarded(url.replace("127.0.0.1", "2130706433"))).rejects.toThrow("is not called");
    expect(seen).toEqual([]);
  });

  it("calls by name what is allowed", async () => {
    expect((await local()(url.replace("127.0.0.1", "localhost"))).status).toBe(201);
  });

  it("does not follow redirects", async () => {
    await expect(local()(`${url}/redirect`)).rejects.toThrow("redirects are not followed");
    expect(seen).toEqual(["/redirect"]);
  });

  it("bounds the answer", async () => {
    await expect(local({ maxResponseBytes: 1_000 })(`${url}/large`)).rejects.toThrow("is too long");
  });

  it.each(["/silent", "/endless"])("bounds the time of %s", async (path) => {
    await expect(local({ timeoutMs: 50 })(url + path)).rejects.toThrow("did not answer within 50 ms");
  });

  it("is aborted by its caller's signal", async () => {
    const signal = AbortSignal.abort(new Error("mine"));
    await expect(local()(`${url}/silent`, { signal })).rejects.toThrow("mine");
  });

  it("says what went wrong", async () => {
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await expect(local()(url)).rejects.toThrow(/127\.0\.0\.1:\d+ could not be reached: .*ECONNREFUSED/);
    await expect(local()("file:///etc/passwd")).rejects.toThrow("file: URLs are not called");
  });
});

describe("createAddressGuard", () => {
  const check =
    (host: string, allow: readonly string[] = []) =>
    () =>
      createAddressGuard(allow).checkHost(host);

  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[fe80::1]",
    "[fc00::1]",
    "[ff02::1]",
    "[64:ff9b::a00:1]",
    "[2002:a00:1::]",
    "[2001:db8::1]",
  ])("refuses %s", (host) => {
    expect(check(host)).toThrow("is not called");
  });

  it.each(["1.1.1.1", "140.82.121.4", "[2606:4700:4700::1111]"])("lets %s through", (host) => {
    expect(check(host)).not.toThrow();
  });

  it("lets through exactly the networks that are allowed", () => {
    expect(check("10.1.2.3", ["10.1.0.0/16"])).not.toThrow();
    expect(check("[::ffff:10.1.2.3]", ["10.1.0.0/16"])).not.toThrow();
    expect(check("10.2.2.3", ["10.1.0.0/16"])).toThrow("is not called");
    expect(check("[fd00::1]", ["fd00::1"])).not.toThrow();
    expect(() => createAddressGuard(["10.0.0.0/99"])).toThrow("is no network");
  });
});

describe("createPoster", () => {
  const post = (poster: ReturnType<typeof createPoster>, target: string) =>
    poster.post({ url: target, method: "POST", headers: { "x-a": "b" }, body: "héllo", timeoutMs: 2_000 });

  it("asks for a name's addresses once for each connection, and connects to what it has checked", async () => {
    const answers = ["127.0.0.1", "10.1.2.3"];
    const asked: string[] = [];
    const poster = createPoster(["127.0.0.1"], (host, _options, callback) => {
      asked.push(host);
      callback(null, [{ address: answers.shift() ?? "169.254.169.254", family: 4 }]);
    });
    const named = url.replace("127.0.0.1", "receiver.example.com");
    expect(await post(poster, `${named}/x`)).toMatchObject({ status: 201, body: "héllo" });
    expect(asked).toEqual(["receiver.example.com"]);
    server.closeAllConnections();
    // The name now stands for another machine: it is checked anew, and refused.
    await expect(post(poster, `${named}/x`)).rejects.toThrow(
      "receiver.example.com (10.1.2.3) is not called: the address is private, not public, and not allowed",
    );
    expect(seen).toEqual(["/x"]);
    await poster.close();
  });

  it("gives redirects as answers, and no more than the beginning of a long one", async () => {
    const poster = createPoster(["127.0.0.1"]);
    expect((await post(poster, `${url}/redirect`)).status).toBe(302);
    expect((await post(poster, `${url}/large`)).body).toHaveLength(5_000);
    await expect(post(poster, "ftp://127.0.0.1/x")).rejects.toThrow("ftp: URLs are not called");
    await poster.close();
  });
});
