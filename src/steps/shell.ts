import { z } from "zod";
import { commandFailure, type StepKind } from "./step.ts";

const script = z
  .string()
  .min(1, "the script must not be empty")
  .regex(
    /^(?![\s\S]*\$\{\{)/,
    "a script must not hold ${{ }}; params are in its environment as $HOOKWRIGHT_PARAM_NAME, other values by `env`",
  );

const schema = z.union([
  script.describe("A script for /bin/sh -e. Values reach it by its environment only."),
  z.strictObject({
    script: script.describe("The script. Values reach it by its environment only."),
    shell: z
      .enum(["/bin/sh", "/bin/bash", "sh", "bash"])
      .default("/bin/sh")
      .describe("What runs the script; bash with `-o pipefail`."),
  }),
]);

type ShellOptions = z.infer<typeof schema>;

/** `shell: "npm run build | tee build.log"`. Never a template. */
export const shellKind: StepKind<ShellOptions> = {
  kind: "shell",
  summary: "Runs a shell script; it gets values by its environment only",
  schema,
  keepsVariables: true,
  render: (options) => options,
  title: (options) => titleOf(normalize(options).script),
  async run(options, context) {
    const { script: text, shell } = normalize(options);
    const flags = shell.endsWith("bash") ? ["-e", "-o", "pipefail"] : ["-e"];
    const argv = [shell, ...flags, "-c", text] as const;
    const result = await context.command({ argv: [...argv] });
    if (result.exitCode !== 0) throw commandFailure(argv, result, "The script");
    return { exitCode: 0 };
  },
};

const normalize = (options: ShellOptions): { script: string; shell: string } =>
  typeof options === "string" ? { script: options, shell: "/bin/sh" } : options;

function titleOf(text: string): string {
  const [first = "", ...rest] = text.trim().split("\n");
  const cut = first.length > 80 ? `${first.slice(0, 79)}…` : first;
  return rest.length > 0 && cut === first ? `${cut} …` : cut;
}
