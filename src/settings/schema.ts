import { z } from "zod";
import { AUDIT_FLOOR_DAYS } from "../domain/audit.ts";
import { actionSchema } from "./action-schema.ts";
import { endpointSchema } from "./endpoint-schema.ts";
import { deploySchema } from "./deploy-schema.ts";
import { duration, entryName, lifetime, network, secret, size } from "./fields.ts";
import { builtInKinds, type Kinds } from "./kinds.ts";
import { freezeSchema } from "./freeze-schema.ts";
import { admin, listenAddress, tls } from "./listen-schema.ts";
import { metricsSchema } from "./metrics-settings.ts";
import { rateLimit } from "./rate-limit-schema.ts";
import { githubSchema } from "./github-schema.ts";
import { sourceSchema } from "./source-schema.ts";

const server = z.strictObject({
  listen: listenAddress()
    .optional()
    .describe(
      "Address and port it serves on. Default: 127.0.0.1:8080, or the port in the environment's `PORT`.",
    ),
  public_url: z
    .url({ protocol: /^https?$/, error: "expected a URL such as https://hooks.example.com" })
    .optional()
    .describe("How the outside reaches it. Default: made from `listen`, with https where there is `tls`."),
  tls: tls
    .optional()
    .describe(
      "Serve by TLS, with these files; they are read again when they change. Default: plain HTTP, for a proxy.",
    ),
  admin: admin
    .optional()
    .describe(
      "Where `/api/v1`, the dashboard, `/metrics` and `/healthz` are answered, and then there alone. Default: on `listen`, with the webhooks.",
    ),
  max_buffered: size()
    .prefault("256MiB")
    .describe("Bound on the bytes of all bodies being received at once; beyond it senders get 503."),
  request_timeout: duration({ min: 1 })
    .prefault("30s")
    .describe("Time in which a whole request must have arrived."),
  drain_timeout: duration().prefault("10m").describe("How long a stop waits for running tasks."),
  replay_window: duration()
    .prefault("24h")
    .describe("The same signed bytes under another delivery id within this time count as a replay."),
  spool: z
    .boolean()
    .default(false)
    .describe(
      "With a store on PostgreSQL: while it can't be reached, webhooks are kept on this machine and answered with 202, and taken in when it is back.",
    ),
  spool_limit: size()
    .prefault("1GB")
    .describe("Bound on the bytes of the bodies kept so; beyond it senders get 503."),
  trusted_proxies: z
    .array(network())
    .default([])
    .describe(
      "Proxies whose `X-Forwarded-For` is believed, such as 127.0.0.1. Default: none, so that nobody can pass for another address.",
    ),
  rate_limit: rateLimit().describe(
    "Bounds on requests, looked at before anything else is done for them: `off`, or other bounds than the defaults. See docs/hardening.md.",
  ),
});

const outbound = z.strictObject({
  allow: z
    .array(network())
    .default([])
    .describe(
      "Networks that are not public but may be called all the same, such as 10.0.0.0/8 for a GitHub Enterprise in there.",
    ),
});

const work = z.strictObject({
  concurrency: z.int().min(1).max(1_000).default(4).describe("Tasks that run at once."),
  lease: duration({ min: 1_000 })
    .prefault("30s")
    .describe(
      "On PostgreSQL: a server that has not been heard of for so long is taken to be lost, and others take its tasks over.",
    ),
  dir: z
    .string()
    .min(1)
    .default("./data/work")
    .describe("Holds one folder per action, for steps that name no `workdir`."),
});

const DAY_MS = 24 * 60 * 60 * 1_000;

const retention = z.strictObject({
  bodies: lifetime()
    .prefault("30d")
    .describe(
      "How long bodies of deliveries are kept, for `replay` and `explain`; the delivery itself stays. `forever`: for good.",
    ),
  deliveries: lifetime()
    .prefault("90d")
    .describe(
      "How long deliveries are kept. A sender's delivery id is known for so long; not shorter than `server.replay_window`.",
    ),
  logs: lifetime().prefault("30d").describe("How long logs of ended tasks are kept, counted from their end."),
  tasks: lifetime()
    .prefault("90d")
    .describe("How long ended tasks are kept, counted from their end. Those that have not ended always are."),
  audit: lifetime(AUDIT_FLOOR_DAYS * DAY_MS)
    .prefault("forever")
    .describe(
      `How long events of the audit log are kept; ${AUDIT_FLOOR_DAYS} days at least, which the database itself sees to.`,
    ),
  max_size: size()
    .prefault("10GB")
    .describe("Bound on the bytes of all bodies that are kept; beyond it the oldest go before their time."),
});

/** Read before everything else, so as it stands there. */
const plainPath = () =>
  z
    .string()
    .min(1)
    .refine((text) => !text.includes("${"), { error: "expected a path without ${…}" });

const secrets = z.strictObject({
  file: plainPath()
    .default("./secrets.enc")
    .describe("Encrypted file of the secrets that `hookwright secrets set` keeps."),
  key_file: plainPath()
    .optional()
    .describe(
      "Holds the key that opens it, unless the environment's `HOOKWRIGHT_SECRETS_KEY` does. Default: the file's name with `.key` for `.enc`.",
    ),
});

const kapp = z.strictObject({
  token_hash: secret()
    .optional()
    .describe(
      "argon2 hash of the K-App API's token (`hookwright hash-token`). Default: the environment's `TOKEN_HASH`; without one the API is off.",
    ),
});

const fixedShape = {
  server: server.prefault({}).describe("The HTTP server."),
  store: z
    .string()
    .regex(
      /^(sqlite:.+|postgres(ql)?:\/\/.+)$/,
      "expected sqlite: and a path, such as sqlite:./data/hookwright.db, or postgres://USER:PASSWORD@HOST/DATABASE",
    )
    .default("sqlite:./data/hookwright.db")
    .describe(
      "Where deliveries and tasks are kept: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` for many machines.",
    ),
  secrets: secrets
    .prefault({})
    .describe("Where the secrets are kept that sources and endpoints name by `secret_name`."),
  work: work.prefault({}).describe("How tasks run."),
  metrics: metricsSchema.prefault({}).describe("Metrics for Prometheus: see docs/operations.md."),
  retention: retention
    .prefault({})
    .describe("How long what has been received and done is kept: see docs/retention.md."),
  github: githubSchema.prefault({}).describe("Access to GitHub's API."),
  outbound: outbound.prefault({}).describe("Which addresses the server itself may call."),
  freeze: z.array(freezeSchema).default([]).describe("Times in which tasks that webhooks start wait."),
  deploy: deploySchema
    .prefault({})
    .describe("The continuous-deployment API, `POST /1/deploy`; its source is named `deploy` in triggers."),
  kapp: kapp.prefault({}).describe("The API of K-Fet's webhooks-deploy on `POST /`."),
};

/** The parts whose form no kind has a say in. */
export const settingsCommon = z.object(fixedShape);
export type CommonInput = z.output<typeof settingsCommon>;

/** The one schema of `hookwright.yaml`: what it accepts, its JSON Schema and its reference page all come from here. */
export function settingsSchema(kinds: Kinds = builtInKinds) {
  return z
    .strictObject({
      ...fixedShape,
      sources: z
        .record(entryName, sourceSchema(kinds))
        .default({})
        .describe("Senders of webhooks: name → source."),
      actions: z.record(entryName, actionSchema(kinds)).default({}).describe("Name → action."),
      notify: z
        .record(entryName, endpointSchema(kinds))
        .default({})
        .describe("Who is told what has happened: name → endpoint."),
    })
    .describe("Settings of Hookwright.");
}
