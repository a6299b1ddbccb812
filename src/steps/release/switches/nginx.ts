import { z } from "zod";
import { commandFailure, type StepContext } from "../../step.ts";
import { readIfThere, replaceFile } from "./file.ts";
import type { TrafficSwitch } from "./switch.ts";

const argv = z.tuple([z.string().min(1)], z.string());

export const nginxSchema = z.strictObject({
  file: z
    .string()
    .regex(/^\/.+[^/]$/, "expected an absolute path")
    .describe("A file that nginx includes in its `http` block and that is Hookwright's alone."),
  upstream: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/, "expected the name of an upstream")
    .describe("The upstream that the file defines; `proxy_pass http://NAME;` uses it."),
  test: argv.default(["nginx", "-t", "-q"]).describe("Tests the configuration."),
  reload: argv.default(["nginx", "-s", "reload"]).describe("Has nginx read it."),
});

/** nginx goes on with its old workers until their requests are done. */
const SETTLE_MS = 2_000;

/** Writes the include file, tests the whole configuration, reloads; the file is put back when nginx does not take it. */
export function nginxSwitch({ file, upstream, test, reload }: z.infer<typeof nginxSchema>): TrafficSwitch {
  return {
    name: "nginx",
    settleMs: SETTLE_MS,
    async to(port, context) {
      const before = await readIfThere(file);
      await replaceFile(
        file,
        `# Written by Hookwright.\nupstream ${upstream} { server 127.0.0.1:${port}; }\n`,
      );
      try {
        await run(test, context);
        await run(reload, context);
      } catch (error) {
        await replaceFile(file, before);
        throw error;
      }
    },
  };
}

async function run(command: z.infer<typeof argv>, context: StepContext): Promise<void> {
  const result = await context.command({ argv: command });
  if (result.exitCode !== 0) throw commandFailure(command, result);
}
