import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutboundFetch } from "../../src/lib/outbound.ts";
import { type ApiRequest, type FakeApi, startFakeApi } from "../fakes/json-api.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

const PATH = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/web";
let bench: Workbench;
let cluster: FakeApi;
let requested = "";
/** Statuses of the object after the request, one look after the other; the last one stays. */
const looks: object[] = [];
let files = { token_file: "", ca_file: "" };

beforeEach(async () => {
  bench = await createWorkbench({ app: "web" });
  looks.length = 0;
  const [key, cert] = [join(bench.dir, "key.pem"), join(bench.dir, "ca.pem")];
  const subject = ["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"];
  const how = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync("openssl", [...how, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  await writeFile(join(bench.dir, "token"), "a-token-of-the-pod\n");
  files = { token_file: join(bench.dir, "token"), ca_file: cert };
  cluster = await startFakeApi(answer, {
    tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") },
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cluster.close();
  await bench.remove();
});

/** https://kubernetes.io/docs/reference/using-api/api-concepts/: a `Status` for what goes wrong. */
function answer({ method, path, headers, body }: ApiRequest) {
  const status = (code: number, message: string) => ({
    status: code,
    body: { kind: "Status", code, message },
  });
  if (headers["authorization"] !== "Bearer a-token-of-the-pod") return status(401, "Unauthorized");
  if (path.split("?")[0] !== PATH) return status(404, 'kustomizations "x" not found');
  if (method === "PATCH") {
    requested = JSON.stringify(body).split('"').at(-2) ?? "";
    return { status: 200, body: {} };
  }
  const look = looks.length > 1 ? looks.shift() : looks[0];
  return { status: 200, body: { status: { lastHandledReconcileAt: requested, ...look } } };
}

const run = (options: Record<string, unknown> = {}) =>
  bench.run(
    "flux",
    { kind: "Kustomization", name: "${{ app }}", server: cluster.url, interval: "1ms", ...files, ...options },
    { fetch: createOutboundFetch({ allowCidrs: ["127.0.0.0/8"] }) },
  );
const ready = (value: string, message = "") => ({ conditions: [{ type: "Ready", status: value, message }] });

describe("flux", () => {
  it("asks for a reconciliation by the annotation, over TLS with the cluster's certificate", async () => {
    expect(await run()).toEqual({ exitCode: 0 });
    expect(cluster.requests).toMatchObject([
      {
        method: "PATCH",
        path: `${PATH}?fieldManager=hookwright`,
        headers: { "content-type": "application/merge-patch+json" },
      },
    ]);
    const annotations = { "reconcile.fluxcd.io/requestedAt": requested };
    expect(cluster.requests[0]?.body).toEqual({ metadata: { annotations } });
    expect(Math.abs(Date.now() - Date.parse(requested))).toBeLessThan(600_000);
  });

  it("finds its own cluster where it runs in one", async () => {
    const { port } = new URL(cluster.url);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "127.0.0.1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", port);
    await run({ server: undefined });
    expect(cluster.requests).toHaveLength(1);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    await expect(run({ server: undefined })).rejects.toThrow("This is no pod of Kubernetes");
  });

  it("waits until Flux has dealt with this request, and the object is ready", async () => {
    looks.push({ lastHandledReconcileAt: "before", ...ready("True") }, ready("Unknown"));
    looks.push({ ...ready("True"), lastAppliedRevision: "main@sha1:1111" });
    expect((await run({ wait: true })).outputs).toEqual({ revision: "main@sha1:1111" });
    expect(cluster.requests.map(({ method }) => method)).toEqual(["PATCH", "GET", "GET", "GET"]);
    looks.splice(0, 1, ready("False", "kustomize build failed"));
    await expect(run({ wait: true })).rejects.toThrow(
      "Kustomization web is not ready: kustomize build failed",
    );
    looks.splice(0, 1, ready("Unknown"));
    await expect(run({ wait: true, within: "20ms" })).rejects.toThrow(
      "in vain for Kustomization web to be ready",
    );
  });

  it("says what is wrong", async () => {
    await expect(run({ token: "wrong" })).rejects.toThrow("answered 401: Unauthorized. The token is wrong");
    await expect(run({ name: "other" })).rejects.toThrow(
      /answered 404: .* not found. There is no such object/,
    );
    await expect(run({ name: "../x" })).rejects.toThrow("can't name an object");
    await expect(run({ token_file: "/none" })).rejects.toThrow("There is no token for Kubernetes: /none");
    await expect(run({ api_version: "kustomize.toolkit.fluxcd.io/v1beta2" })).rejects.toThrow(
      "see api_version",
    );
  });

  it("trusts nobody else's certificate", async () => {
    await expect(run({ ca_file: "/none" })).rejects.toThrow(
      /could not be asked: The certificate of .* is not trusted: .*self.signed/i,
    );
    expect(cluster.requests).toEqual([]);
  });
});
