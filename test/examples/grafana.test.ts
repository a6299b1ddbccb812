import { parser } from "@prometheus-io/lezer-promql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseExposition, type Scrape } from "../support/exposition.ts";
import { startReceiver, type Receiver } from "../support/receiver.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { readText, readYaml } from "./container-files.ts";

const FOLDER = "examples/grafana";
const SECRET = "a-long-enough-secret";

const panel = z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) });
const dashboard = z.object({
  uid: z.literal("hookwright"),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  panels: z.array(panel).min(10),
});
const alerts = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ alert: z.string(), expr: z.string(), annotations: z.object({ summary: z.string() }) }),
      ),
    }),
  ),
});
const scrapes = z.object({
  rule_files: z.array(z.string()),
  scrape_configs: z.array(
    z.object({
      authorization: z.object({ type: z.literal("Bearer"), credentials_file: z.string() }),
      static_configs: z.array(z.object({ targets: z.array(z.string()) })),
    }),
  ),
});

interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What an expression asks for. Throws where it is no PromQL. */
function selectorsOf(expr: string): Selector[] {
  const selectors: Selector[] = [];
  // Grafana puts durations there.
  const text = expr.replaceAll(/\$__(?:rate_interval|range)/g, "5m");
  parser.parse(text).iterate({
    enter({ name, from, to, node }) {
      if (node.type.isError) throw new Error(`no PromQL at ${from}: ${expr}`);
      if (name !== "VectorSelector") return;
      const metric = node.getChild("Identifier");
      if (metric === null) throw new Error(`a selector without a metric: ${text.slice(from, to)}`);
      const labels: string[] = [];
      node.cursor().iterate((child) => {
        if (child.name === "LabelName") labels.push(text.slice(child.from, child.to));
      });
      selectors.push({ metric: text.slice(metric.from, metric.to), labels });
    },
  });
  return selectors;
}

let receiver: Receiver;
let server: TestServer;
let scrape: Scrape;
let expressions: [name: string, expr: string][];
beforeAll(async () => {
  receiver = await startReceiver();
  const settings = `
metrics: { enabled: true, allow_from: [127.0.0.1] }
outbound: { allow: [127.0.0.1] }
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    steps: [{ run: ["true"] }]
notify: { ops: { kind: generic, url: "${receiver.url}", secret: "${SECRET}" } }
`;
  server = await startTestServer({ settings });
  const answer = z.object({ tasks: z.array(z.object({ id: z.string() })) });
  const { tasks } = answer.parse(await (await server.push({ secret: SECRET })).json());
  await server.ended(tasks[0]?.id ?? "");
  await receiver.got(1);
  scrape = parseExposition(await (await server.fetch("/metrics")).text());
  const { panels } = dashboard.parse(JSON.parse(await readText(`${FOLDER}/hookwright.json`)));
  const { groups } = alerts.parse((await readYaml(`${FOLDER}/hookwright.rules.yml`))[0]);
  expressions = [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [title, expr])),
    ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }): [string, string] => [alert, expr])),
  ];
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

/** Prometheus' own: of a target, and what it adds to each series. */
const isPrometheusOwn = (metric: string): boolean => metric === "up";
const ADDED = new Set(["job", "instance"]);

describe("the dashboard and the alerts", () => {
  it("ask, in PromQL, for metrics and labels that a real scrape has", () => {
    const asked = expressions.flatMap(([name, expr]) =>
      selectorsOf(expr).map((selector) => ({ name, ...selector })),
    );
    expect(asked.length).toBeGreaterThan(25);
    const missing = asked.filter(({ metric, labels }) => {
      const series = scrape.find(metric);
      const has = (label: string) => ADDED.has(label) || series.every((each) => label in each.labels);
      return !isPrometheusOwn(metric) && (series.length === 0 || !labels.every(has));
    });
    expect(missing).toEqual([]);
  });

  it("leave none of the metrics out", () => {
    const asked = new Set(expressions.flatMap(([, expr]) => selectorsOf(expr).map(({ metric }) => metric)));
    const unused = [...scrape.types.keys()].filter(
      (name) => ![name, `${name}_bucket`, `${name}_count`].some((each) => asked.has(each)),
    );
    expect(unused).toEqual([]);
  });

  it("would be found to ask for what is not there, or in another language", () => {
    expect(scrape.find(selectorsOf("rate(hookwright_nothing_total[5m])")[0]?.metric ?? "")).toEqual([]);
    expect(() => selectorsOf("sum by (a (b)")).toThrow("no PromQL");
  });
});

describe("the scrape config", () => {
  it("names the rules that are there, and a file for the token", async () => {
    const [document] = await readYaml(`${FOLDER}/prometheus.yml`);
    const { rule_files: files, scrape_configs: configs } = scrapes.parse(document);
    expect(files).toEqual(["hookwright.rules.yml"]);
    expect(configs).toHaveLength(1);
  });
});
