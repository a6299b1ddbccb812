import type { Command } from "commander";
import { leavesOf, pathOf } from "./command.ts";
import { createProgram } from "./program.ts";

/** Columns of the help texts on the page. */
const WIDTH = 110;

/** The page that has the `--help` of every command. */
export function cliReference(): string {
  const program = createProgram();
  const intro = `# Command line reference

The \`--help\` of every command. This page is generated (\`npm run generate\`); the guide is [cli.md](../cli.md). The options of
\`hookwright\` itself may be given with every command.
`;
  const sections = leavesOf(program).map((command) => section(`hookwright ${pathOf(command)}`, command));
  return [intro, section("hookwright", program), ...sections].join("\n");
}

const section = (title: string, command: Command): string =>
  `## \`${title}\`\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`;

/** With the examples, which only the printed help has. */
function helpOf(command: Command): string {
  let help = "";
  command.configureHelp({ helpWidth: WIDTH, showGlobalOptions: false });
  command.configureOutput({ writeOut: (text) => (help += text), getOutHasColors: () => false });
  command.outputHelp();
  return help;
}
