import type { Command } from "commander";
import { z } from "zod";
import { addBody, type Context } from "../command.ts";
import { readSettings } from "../connect.ts";
import type { Finding, Level } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";
import { colors } from "../terminal.ts";

const SIGNS: Readonly<Record<Level, string>> = {
  ok: colors.green("ok"),
  unknown: colors.dim("?"),
  warning: colors.yellow("warning"),
  problem: colors.red("problem"),
};

async function run({ options, output }: Context): Promise<number> {
  const { examine, examineWithoutSettings } = await import("../doctor/examine.ts");
  if (output.live) output.note("Looking …");
  const around = { env: process.env, now: () => new Date() };
  const settings = await readSettings(options).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  const examined =
    settings instanceof Error
      ? await examineWithoutSettings(around, settings)
      : await examine({ settings, ...around });
  const all = examined.flatMap(({ about, findings }) => findings.map((each) => ({ about, ...each })));
  for (const each of all) {
    if (output.json) output.data(each);
    else show(output, each);
  }
  const count = (level: Level): number => all.filter((each) => each.level === level).length;
  if (!output.json) output.line(`Problems: ${count("problem")}, warnings: ${count("warning")}`);
  return count("problem") > 0 ? EXIT.failed : EXIT.ok;
}

const INDENT = 4;

function show(
  output: Context["output"],
  { about, level, seen, fix }: Finding & { readonly about: string },
): void {
  output.prose(`${SIGNS[level]} ${about}: ${seen}`, INDENT);
  if (fix !== null) output.prose(`${" ".repeat(INDENT)}${fix}`, INDENT);
}

export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description(
      "look at this installation: programs, files, disk, secrets, store, clock, port, TLS, webhooks at the sender; exits 1 for a problem",
    );
  addBody(command, {
    examples: ["hookwright doctor", "hookwright doctor --json"],
    input: z.object({}),
    run: (context) => run(context),
  });
}
