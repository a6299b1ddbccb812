export interface OriginParts {
  readonly host: string;
  readonly port: number | string;
  /** Null: plain HTTP. */
  readonly tls: object | null;
}

/** URL of a server, without a trailing slash. */
export const originOf = ({ host, port, tls }: OriginParts): string =>
  `${tls === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
