import { inWords } from "./invocation.ts";
import type { Output } from "./output.ts";
import { colors } from "./terminal.ts";

/** What a newcomer reads. */

export function welcome(output: Output, port: number): void {
  if (output.json) return;
  output.line(colors.bold("Welcome to Hookwright."));
  output.prose("Wrote hookwright.yaml with random secrets, and demo/site, a small git repository.");
  if (port !== 8080) output.prose(`Port 8080 is taken here, so the settings say ${port}.`);
  output.prose("Now a push to that repository arrives, signed as GitHub signs it, and is deployed:");
  output.line();
}

export function whatNext(output: Output, url: string): void {
  if (output.json) return;
  const { bold, cyan } = colors;
  const command = (text: string, what: string): void =>
    output.prose(`  ${cyan(text)}${" ".repeat(Math.max(2, 32 - text.length))}${what}`, 4);
  output.line();
  output.prose(`${bold("The server goes on")} at ${url}, until Ctrl-C.`);
  output.prose(`Look at it in a browser: ${cyan(`${url}/ui`)}, with the token that this prints:`);
  output.prose(`  ${cyan(inWords("token create me --scope admin"))}`, 4);
  output.prose("The site that was deployed is in demo/live, the settings are in hookwright.yaml.");
  output.line();
  output.line(bold("From another terminal"));
  command("npx hookwright demo", "the next push, and its deployment live");
  command(inWords("tasks"), "what was deployed, and how it ended");
  command(inWords("explain last"), "why the last webhook started what it did");
  command(inWords("--help"), "everything else");
  output.line();
  output.line(bold("Your own repository"));
  output.prose(
    "  1. In hookwright.yaml, take the # off my-app (a source with its secret) and off deploy-my-app (its steps). This server takes the saved file over by itself.",
    3,
  );
  output.prose(
    `  2. On GitHub, under Settings, Webhooks, Add webhook: payload URL ${cyan("https://YOUR-HOST/hooks/my-app")}, content type application/json, that secret.`,
    3,
  );
  output.prose(`  3. Push, and watch: ${cyan(inWords("follow last"))}`, 3);
  output.prose("Step by step, with TLS and systemd: docs/getting-started.md");
}

/** At every later start with the demo still in the settings. */
export function invite(output: Output): void {
  if (!output.json) output.note(`Send the demo's next push from another terminal: npx hookwright demo`);
}
