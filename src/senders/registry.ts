import { argocd } from "./argocd.ts";
import { bitbucket } from "./bitbucket.ts";
import { dockerhub } from "./dockerhub.ts";
import { generic } from "./generic.ts";
import { gitea } from "./gitea.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { gogs } from "./gogs.ts";
import { jobserv } from "./jobserv.ts";
import type { Sender } from "./sender.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { travis } from "./travis.ts";

const all: readonly Sender[] = [
  github,
  gitlab,
  gitea,
  gogs,
  bitbucket,
  travis,
  jobserv,
  standardWebhooks,
  dockerhub,
  argocd,
  generic,
];

/** The sender of each source kind, by the name that the settings use. */
export const senders: ReadonlyMap<string, Sender> = new Map(all.map((sender) => [sender.kind, sender]));
