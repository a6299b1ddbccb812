import type { Command, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { examplesOf, leavesOf, pathOf } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { createProgram } from "./program.ts";

/** hookwright(1) as man(7) wants it, of what `--help` shows. */
export function manPage(): string {
  const program = createProgram();
  return [
    `.TH HOOKWRIGHT 1 "" "Hookwright ${manifest.version}" "User Commands"`,
    ".SH NAME",
    "hookwright \\- turns webhooks into deployments",
    ".SH SYNOPSIS",
    ".B hookwright",
    "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
    ".SH DESCRIPTION",
    text(program.description()),
    ".SH OPTIONS",
    "These may be given with every command.",
    ...program.options.flatMap(optionLines),
    ".SH COMMANDS",
    ...leavesOf(program).flatMap(commandLines),
    ".SH EXIT STATUS",
    ...EXITS.flatMap(([code, what]) => [".TP", `.B ${code}`, text(what)]),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, what]) => [".TP", `.B ${name}`, text(what)]),
    ".SH FILES",
    ".TP",
    ".I hookwright.yaml",
    "The settings; docs/reference/settings.md has every key.",
    ".TP",
    ".I .env",
    "Beside the settings: variables that they name.",
    "",
  ].join("\n");
}

const EXITS: readonly (readonly [number, string])[] = [
  [EXIT.ok, "It went well."],
  [EXIT.failed, "A followed task failed, or anything else that has no code of its own."],
  [EXIT.usage, "Wrong use, or settings that are not valid."],
  [EXIT.notFound, "There is no such thing."],
  [EXIT.noServer, "No server, or no connection to it."],
  [EXIT.auth, "Credentials are missing, wrong or not enough."],
  [EXIT.interrupted, "Ctrl-C while following."],
];

const ENVIRONMENT = [
  ["HOOKWRIGHT_URL", "A server elsewhere, as --url."],
  ["HOOKWRIGHT_TOKEN", "Its token, as --token."],
] as const;

function commandLines(command: Command): string[] {
  const usage = command.registeredArguments.map((argument) => {
    const name = `\\fI${text(argument.name().toUpperCase())}\\fR${argument.variadic ? "..." : ""}`;
    return argument.required ? name : `[${name}]`;
  });
  const options = command.options.length === 0 ? [] : ["[\\fIOPTIONS\\fR]"];
  return [
    `.SS hookwright ${text(pathOf(command))} ${[...options, ...usage].join(" ")}`.trimEnd(),
    text(command.description()),
    ...command.registeredArguments.flatMap((argument) =>
      argument.description === ""
        ? []
        : [".TP", `.I ${text(argument.name().toUpperCase())}`, text(argument.description)],
    ),
    ...command.options.flatMap(optionLines),
    ".PP",
    "Examples:",
    ".EX",
    ...examplesOf(command).map(text),
    ".EE",
  ];
}

const optionLines = ({ flags, description }: Option): string[] => [
  ".TP",
  `.B ${text(flags)}`,
  text(description),
];

/** Nothing in it is a request or an escape to troff. */
const text = (plain: string): string =>
  plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1")
    .replaceAll(/\s*\n\s*/g, " ");
