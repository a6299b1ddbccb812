/**
 * A fake of GitHub's API on this machine, the one of the tests, for the walk in README.md:
 * node examples/argocd/fake-github.ts [PORT]. It prints every repository_dispatch event that it takes.
 */
import { startFakeGithub } from "../../test/fakes/github-api.ts";

const [port = "3001"] = process.argv.slice(2);
const github = await startFakeGithub(
  { "you/gitops": { commits: {}, branches: {} } },
  {
    port: Number(port),
    onDispatch: ({ repository, eventType, clientPayload }) =>
      console.log(`GitHub: ${eventType} for ${repository}: ${JSON.stringify(clientPayload)}`),
  },
);
console.log(`A fake GitHub on ${github.url} with the repository you/gitops`);
process.once("SIGTERM", () => void github.close());
process.once("SIGINT", () => void github.close());
