import { argocd } from "./argocd.ts";
import { bitbucket } from "./bitbucket.ts";
import { generic } from "./generic.ts";
import { gitea } from "./gitea.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { gogs } from "./gogs.ts";
import { jobserv } from "./jobserv.ts";
import { travis } from "./travis.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { dockerhub } from "./dockerhub.ts";
import type { SourceKind } from "./source.ts";

const all: readonly SourceKind[] = [
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

/** Every kind of sender, by the name that the settings use. */
export const sourceKinds: ReadonlyMap<string, SourceKind> = new Map(all.map((kind) => [kind.kind, kind]));

export { bindDeploys, DEPLOY_SOURCE, USER_HEADER } from "./deploys.ts";
export { TRAVIS_KEY_URLS } from "./common/travis-keys.ts";
