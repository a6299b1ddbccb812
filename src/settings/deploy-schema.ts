import { z } from "zod";
import { TRAVIS_KEY_URLS } from "../sources/registry.ts";
import { USER_NAME } from "../domain/user.ts";
import { entryName } from "./fields.ts";
import { appReport } from "./report-schema.ts";

const app = z.strictObject({
  repository: z
    .string()
    .regex(/^(?!\.{1,2}\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/, "expected owner/name")
    .describe("`owner/name` of what is deployed."),
  users: z
    .array(z.string().regex(USER_NAME, "expected the name of a user"))
    .min(1)
    .describe("Who may deploy it, by the names of `hookwright user add`."),
  report: z
    .union([z.literal(false), appReport])
    .optional()
    .describe(
      "What GitHub is told of its deployments. Default: commit statuses, where the user who deploys has paired with GitHub; `false`: nothing.",
    ),
});

const apps = z.record(entryName, app).superRefine((given, context) => {
  const known = new Map<string, string>();
  for (const [name, { repository }] of Object.entries(given)) {
    const first = known.get(repository.toLowerCase());
    known.set(repository.toLowerCase(), first ?? name);
    // A push says which repository it is of, and nothing else: who may deploy the one would start the actions of the other.
    if (first !== undefined) {
      const message = `${first} has that repository already; name its users there, and start each action by its own trigger`;
      context.addIssue({ code: "custom", path: [name, "repository"], message });
    }
  }
});

/** The deploy API, `POST /1/deploy`. */
export const deploySchema = z.strictObject({
  apps: apps
    .default({})
    .describe("What may be deployed: name of the app → repository and users. Without one the API is off."),
  travis_key_urls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .default([...TRAVIS_KEY_URLS])
    .describe("Where Travis CI publishes the keys that its reports are signed with."),
});
