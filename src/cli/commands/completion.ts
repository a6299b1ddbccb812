import type { Command } from "commander";
import { z } from "zod";
import { addBody } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";

const input = z.object({ shell: z.enum(SHELLS, { error: `expected one of ${SHELLS.join(", ")}` }) });

export function addCompletion(program: Command): void {
  const command = program
    .command("completion")
    .description("print a script that completes commands and options in a shell")
    .argument("<shell>", SHELLS.join(", "));
  addBody(command, {
    examples: ["hookwright completion bash > hookwright.bash", "source <(hookwright completion bash)"],
    input,
    run: async ({ output }, { shell }) => output.document(completionScript(program, shell)),
  });
}
