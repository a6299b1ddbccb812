/** Names and values that tell the series of one metric apart. Values come from a bounded set. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface AboutMetric {
  /** As Prometheus has it, unit and `_total` included: `hookwright_deliveries_total`. */
  readonly name: string;
  readonly help: string;
}

/** Asked at each scrape. What rejects is left out of that scrape. */
export type Read = () => readonly Sample[] | Promise<readonly Sample[]>;

/** The metrics of one process, and their text form. */
export interface Metrics {
  counter(about: AboutMetric): (labels: Labels) => void;
  /** `buckets`: upper bounds, ascending. */
  histogram(about: AboutMetric, buckets: readonly number[]): (labels: Labels, value: number) => void;
  gauge(about: AboutMetric, read: Read): void;
  /** A counter that somebody else keeps. */
  total(about: AboutMetric, read: Read): void;
  /** In Prometheus' text format, version 0.0.4. */
  text(): Promise<string>;
}

/** Content type of that text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
