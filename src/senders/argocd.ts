import type { argocd as source } from "../sources/argocd.ts";
import { ownerAndName } from "./common/forge.ts";
import { basic, request } from "./common/request.ts";
import type { OptionsOf, Sender } from "./sender.ts";

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/ */
export const argocd: Sender<OptionsOf<typeof source>> = {
  kind: "argocd",
  samples: ({ repository, status, sha }) => ({
    health: {
      event: "health",
      payload: { app: ownerAndName(repository)[1], status: status ?? "Healthy", revision: sha },
    },
  }),
  make: (order, { username, token_header: header }) =>
    request(order, {
      agent: "Go-http-client/1.1",
      proof: (secret) => {
        if (username !== undefined) return { authorization: basic(username, secret) };
        return { [header]: header === "authorization" ? `Bearer ${secret}` : secret };
      },
    }),
};
