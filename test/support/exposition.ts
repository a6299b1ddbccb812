/** One series of a scrape. */
export interface Series {
  /** As it stands: histograms' with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly series: readonly Series[];
  /** Metric → its type. */
  readonly types: ReadonlyMap<string, string>;
  /** The one value with that name and, at least, those labels. Throws when there is not exactly one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
  find(name: string, labels?: Readonly<Record<string, string>>): readonly Series[];
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
const VALUE = /[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN/;
const SAMPLE = new RegExp(
  `^(${NAME.source})(?:\\{(${LABEL.source}(?:,${LABEL.source})*)?\\})? (${VALUE.source})$`,
);
const HELP = new RegExp(`^# HELP (${NAME.source}) (?:[^\\\\]|\\\\[\\\\n])+$`);
const TYPE = new RegExp(`^# TYPE (${NAME.source}) (counter|gauge|histogram)$`);

/**
 * Reads Prometheus' text format 0.0.4, line by line, as strictly as its documentation has it
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): throws on whatever a scraper would not take, or would
 * take for something else.
 */
export function parseExposition(text: string): Scrape {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const series: Series[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  let family = "";
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, help] = HELP.exec(line) ?? [];
    const [, typed, type] = TYPE.exec(line) ?? [];
    if (help !== undefined) once(helped, help, "HELP");
    else if (typed !== undefined && type !== undefined) {
      if (types.has(typed)) throw new Error(`two TYPE lines of ${typed}`);
      types.set(typed, type);
      family = typed;
    } else {
      const sample = parseSample(line);
      checkFamily(sample, family, types.get(family));
      once(seen, `${sample.name}{${Object.entries(sample.labels).map(String).toSorted().join()}}`, "series");
      series.push(sample);
    }
  }
  for (const name of types.keys()) if (!helped.has(name)) throw new Error(`${name} has no HELP`);
  checkHistograms(series, types);
  const find: Scrape["find"] = (name, labels = {}) =>
    series.filter(
      (each) =>
        each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
    );
  return {
    series,
    types,
    find,
    value(name, labels) {
      const [first, ...more] = find(name, labels);
      if (first === undefined || more.length > 0)
        throw new Error(
          `${more.length + Number(first !== undefined)} series ${name} ${JSON.stringify(labels)}`,
        );
      return first.value;
    },
  };
}

function once(seen: Set<string>, key: string, what: string): void {
  if (seen.has(key)) throw new Error(`twice the same ${what}: ${key}`);
  seen.add(key);
}

function parseSample(line: string): Series {
  const [, name, labels = ""] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no line of the format: ${line}`);
  const pairs = [...labels.matchAll(new RegExp(LABEL, "g"))].map(
    ([, key = "", value = ""]) =>
      [key, value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char))] as const,
  );
  const value = line.slice(line.lastIndexOf(" ") + 1);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace("Inf", "Infinity")) };
}

/** Series stand below their metric's TYPE line. */
function checkFamily({ name }: Series, family: string, type: string | undefined): void {
  const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  if (!suffixes.some((suffix) => name === family + suffix)) throw new Error(`${name} stands below ${family}`);
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`the counter ${name} has no _total`);
}

/** Buckets rise up to `+Inf`, which is the count. */
function checkHistograms(series: readonly Series[], types: ReadonlyMap<string, string>): void {
  for (const [name, type] of types) {
    if (type !== "histogram") continue;
    const counts = series.filter((each) => each.name === `${name}_count`);
    for (const { labels, value } of counts) {
      const buckets = series.filter(
        (each) =>
          each.name === `${name}_bucket` &&
          Object.entries(labels).every(([key, label]) => each.labels[key] === label),
      );
      const values = buckets.map((bucket) => bucket.value);
      if (values.some((each, index) => each < (values[index - 1] ?? 0))) throw new Error(`${name} falls`);
      const last = buckets.at(-1);
      if (last?.labels["le"] !== "+Inf" || last.value !== value) throw new Error(`${name} has no +Inf`);
    }
  }
}
