import type { EndpointKind } from "./kind.ts";
import { discord } from "./kinds/discord.ts";
import { generic } from "./kinds/generic.ts";
import { github } from "./kinds/github.ts";
import { jobserv } from "./kinds/jobserv.ts";
import { ntfy } from "./kinds/ntfy.ts";
import { slack } from "./kinds/slack.ts";
import { standardWebhooks } from "./kinds/standard-webhooks.ts";
import { teams } from "./kinds/teams.ts";

const all: readonly EndpointKind[] = [
  jobserv,
  standardWebhooks,
  github,
  slack,
  discord,
  teams,
  ntfy,
  generic,
];

/** Every kind of receiver, by the name that the settings use. A new kind is one file and one place in the list above. */
export const endpointKinds: ReadonlyMap<string, EndpointKind> = new Map(all.map((kind) => [kind.kind, kind]));
