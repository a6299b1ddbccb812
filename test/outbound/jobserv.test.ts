import { describe, expect, it } from "vitest";
import { z } from "zod";
import { aNotice, anEndpoint, aStep, aTask, LINKS } from "./build.ts";

const SECRET = "UseSomethingGoodHere";
const endpoint = (options: object = {}) => anEndpoint({ kind: "jobserv", secrets: [SECRET], options });
const body = (notice = aNotice(), options: object = {}): string =>
  endpoint(options).render(notice, LINKS).body;

const steps = [
  aStep({ index: 0, name: "build-aarch64" }),
  aStep({
    index: 1,
    name: "npm ci/ü",
    state: "failed",
    exitCode: 1,
    startedAt: "2021-07-26T18:11:49.120Z",
    endedAt: "2021-07-26T18:19:24.000Z",
  }),
  aStep({ index: 0, phase: "undo", name: "undo of build" }),
];
const failed = aNotice({
  type: "task.failed",
  task: aTask({ outcome: "failed", state: "CANCELLED", node: null, steps }),
});

describe("the body of a jobserv endpoint", () => {
  /** Made by Python 3: `json.dumps` of the same values, the times by `isoformat`. */
  const RECORDED =
    '{"build_id": 67, "url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/", "status": "FAILED", "runs": [' +
    '{"name": "build-aarch64", "url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/build-aarch64/", "status": "PASSED", ' +
    '"log_url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/build-aarch64/console.log", ' +
    '"web_url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/build-aarch64/", ' +
    '"created": "2021-07-26T18:10:37+00:00", "completed": "2021-07-26T18:11:42+00:00", ' +
    '"tests": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/build-aarch64/tests/"}, ' +
    '{"name": "npm ci/\\u00fc", "url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/npm%20ci%2F%C3%BC/", "status": "FAILED", ' +
    '"log_url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/npm%20ci%2F%C3%BC/console.log", ' +
    '"web_url": "https://hooks.example.com/jobserv/projects/deploy/builds/67/npm%20ci%2F%C3%BC/", ' +
    '"created": "2021-07-26T18:11:49.120000+00:00", "completed": "2021-07-26T18:19:24+00:00", ' +
    '"tests": "https://hooks.example.com/jobserv/projects/deploy/builds/67/runs/npm%20ci%2F%C3%BC/tests/"}], ' +
    '"web_url": "https://hooks.example.com/jobserv/projects/deploy/builds/67", "trigger_name": "deploy", ' +
    '"created": "2021-07-26T18:10:33+00:00", "completed": "2021-07-26T18:19:24+00:00"}';

  it("is JobServ's, byte for byte", () => {
    expect(body(failed)).toBe(RECORDED);
  });

  it("names the server that ran it, where one did", () => {
    expect(body()).toContain('"completed": "2021-07-26T18:11:42+00:00", "host_tag": "web-1", "tests": ');
  });

  it("has the newer keys where they are asked for, in their order", () => {
    const keys = (options: object): string[] =>
      Object.keys(z.looseObject({}).parse(JSON.parse(body(failed, options))));
    const usual = ["build_id", "url", "status", "runs", "web_url", "trigger_name", "created", "completed"];
    expect(keys({})).toEqual(usual);
    expect(keys({ detailed: true })).toEqual([...usual, "status_events", "runs_url", "reason", "annotation"]);
    expect(JSON.parse(body(failed, { detailed: true }))).toMatchObject({
      status_events: [
        { time: "2021-07-26T18:10:33+00:00", status: "QUEUED" },
        { time: "2021-07-26T18:10:35+00:00", status: "RUNNING" },
        { time: "2021-07-26T18:19:24+00:00", status: "FAILED" },
      ],
      reason: null,
      annotation: null,
    });
  });

  it("is signed as the recorded vector is", () => {
    const signed = endpoint().sign({
      id: "1",
      type: "task.completed",
      body: '{"build_id": 67, "status": "PASSED"}',
      now: new Date(),
      attempt: 1,
    });
    expect(signed).toEqual({
      "x-jobserv-sig": "sha256:29dc7e2cc7742171dd72e3cb1e8647a009121a9b4b5835cdc743bead2b23fc9a",
    });
  });
});
