import { describe, expect, it } from "vitest";
import { z } from "zod";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";

/** The least that each kind accepts, and a place for a template where it has one. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  git: { repository: "https://example.com/o/r.git", ref: "${{ params.x }}" },
  run: ["true", "${{ params.x }}"],
  shell: "true",
  dispatch: { repository: "o/r", event_type: "deploy", client_payload: { x: "${{ params.x }}" } },
  release: { app: "web", runtime: "command", restart: ["true"], build: [["make", "${{ params.x }}"]] },
  tarball: { github: "o/r", ref: "${{ params.x }}" },
  health: { http: "http://127.0.0.1:3000/healthz" },
  workflow_dispatch: { repository: "o/r", workflow: "deploy.yaml", inputs: { x: "${{ params.x }}" } },
  gitlab_pipeline: { project: "g/p", trigger_token: "t", variables: { X: "${{ params.x }}" } },
  argocd: { server: "https://argocd.example.com", token: "t", app: "web", rollback: "${{ params.x }}" },
  flux: { kind: "Kustomization", name: "${{ params.x }}" },
  revert: { repository: "https://example.com/o/r.git", to: "${{ params.x }}", paths: ["values.yaml"] },
  "verify-commit": { repository: "o/r", sha: "${{ params.x }}", branch: "main" },
};

describe("every step kind", () => {
  it("has a sample here", () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual([...stepKinds.keys()].toSorted());
  });

  it.each([...stepKinds.entries()])("%s keeps the contract", (name, kind) => {
    const options = kind.schema.parse(SAMPLES[name]);
    expect(kind.kind).toBe(name);
    expect(kind.summary).toMatch(/^[A-Z].{10,}[^.]$/);
    // Parsed options are stored and parsed again: that must change nothing.
    expect(kind.schema.parse(options)).toEqual(options);
    const rendered = kind.render(options, (template) => template.replace("${{ params.x }}", "value"));
    expect(JSON.stringify(rendered)).not.toContain("${{");
    expect(kind.schema.parse(rendered)).toEqual(rendered);
    expect(stepTitle({ kind: name, options })).toMatch(/^\S.*\S$/);
    expect(() => z.toJSONSchema(kind.schema, { io: "input" })).not.toThrow();
    for (const wrong of [null, 1, [], {}]) expect(kind.schema.safeParse(wrong).success).toBe(false);
  });

  it("refuses a kind that is not there", () => {
    expect(() => stepTitle({ kind: "nope", options: {} })).toThrow("There is no step kind nope");
  });
});
