import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { createPlace, type Place } from "../support/cli.ts";

const settings = `
server:
  listen: 127.0.0.1:0
  tls: { cert: server.pem, key: server.key }
  admin: { socket: data/admin.sock }
sources:
  app: { kind: github, secrets: [a-long-enough-secret] }
actions:
  deploy:
    on: [{ source: app, event: push }]
    steps: [{ run: [echo, deployed] }]
`;

let place: Place;
beforeAll(async () => {
  place = await createPlace(settings);
  makeAuthority(place.dir);
  makeCertificate(place.dir, "server", { host: "DNS:hooks.example.com" });
});
afterAll(() => place.close());

it("commands find a server with TLS and an API of its own address, and trust its certificate alone", async () => {
  const { url } = await place.serve();
  expect(url).toMatch(/^https:/);
  const sources = await place.run(["sources", "--json"]);
  expect(sources).toMatchObject({ exitCode: 0, stderr: "" });
  expect(sources.json()).toMatchObject([{ name: "app" }]);
  // By the socket, the webhook itself by TLS.
  const sent = await place.run(["send", "app", "push", "--follow"]);
  expect(sent.stderr).toContain(`→ POST ${url}/hooks/app`);
  expect(sent).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("deployed") });
  // Without the file nobody vouches for the certificate, and nothing is sent.
  await rm(join(place.dir, "data/local-cert.pem"));
  const refused = await place.run(["send", "app", "push"]);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(/could not be reached: .*certificate/);
});

it("check says what is wrong with a certificate", async () => {
  expect(await place.run(["check"])).toMatchObject({ exitCode: 0 });
  await place.write("mixed.yaml", settings.replace("server.key", "ca.key"));
  const ran = await place.run(["check", "mixed.yaml"]);
  expect(ran).toMatchObject({ exitCode: 2 });
  expect(ran.stderr).toMatch(
    /the key in .*ca\.key is not that of the certificate in .*server\.pem \(server:tls\)/,
  );
});
