import type { Command } from "commander";
import { pathOf } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that completes a program's commands, options and choices in a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program);
  if (shell === "bash") return bashScript(nodes);
  return shell === "zsh" ? zshScript(nodes) : fishScript(nodes);
}

/** A place in the tree of commands. */
interface Node {
  /** `token create`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** Whether an argument is a file. */
  readonly takesFile: boolean;
}

interface Word {
  readonly word: string;
  readonly about: string;
}

interface OptionWord extends Word {
  readonly takesValue: boolean;
  /** Empty: anything. */
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

function nodesOf(program: Command): readonly Node[] {
  const global = optionsOf(program);
  const visit = (command: Command, path: string): Node[] => [
    {
      path,
      commands: command.commands.map((each) => ({ word: each.name(), about: each.description() })),
      options: command === program ? global : [...optionsOf(command), ...global],
      takesFile: command.registeredArguments.some((each) => isFile(each.name())),
    },
    ...command.commands.flatMap((each) => visit(each, pathOf(each))),
  ];
  return visit(program, "");
}

const optionsOf = (command: Command): OptionWord[] => [
  ...command.options
    .filter(({ long }) => long !== undefined && long !== null)
    .map(({ long, description, required, optional, argChoices, flags }) => ({
      word: long ?? "",
      about: description,
      takesValue: required || optional,
      choices: argChoices ?? [],
      isFile: isFile(/[<[]([^>\]]*)/.exec(flags)?.[1] ?? ""),
    })),
  { word: "--help", about: "show the help", takesValue: false, choices: [], isFile: false },
];

const isFile = (name: string): boolean => /file|path|dir|folder/i.test(name);

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const wordsOf = (words: readonly string[]): string => quoted(words.join(" "));

/** `case "$path" in` over all nodes. */
const cases = (nodes: readonly Node[], line: (node: Node) => string): string =>
  nodes.map((node) => `    ${quoted(node.path)}) ${line(node)} ;;`).join("\n");

const bashScript = (nodes: readonly Node[]): string => `# bash completion of hookwright: put into ~/.bashrc
#   source <(hookwright completion bash)
_hookwright() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" path="" i commands="" options="" files=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${nodes
        .filter(({ path }) => path !== "")
        .map(({ path }) => quoted(path))
        .join(" | ")}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $prev" in
${valueCases(nodes)}
  esac
  case "$path" in
${cases(
  nodes,
  ({ commands, options, takesFile }) =>
    `commands=${wordsOf(commands.map(({ word }) => word))} options=${wordsOf(options.map(({ word }) => word))} files=${takesFile ? "1" : "''"}`,
)}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur")); return; fi
  COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  if [[ -n $files ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _hookwright hookwright
`;

/** What may follow an option. */
function valueCases(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ word, choices, isFile: file }) => {
        const reply = file ? 'compgen -f -- "$cur"' : `compgen -W ${wordsOf(choices)} -- "$cur"`;
        return `    ${quoted(`${path} ${word}`)}) COMPREPLY=($(${reply})); return ;;`;
      }),
  );
  return lines.join("\n");
}

/** zsh reads bash's: one description of the commands is enough. */
const zshScript = (nodes: readonly Node[]): string => `# zsh completion of hookwright: put into ~/.zshrc
#   source <(hookwright completion zsh)
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }
autoload -Uz bashcompinit && bashcompinit
${bashScript(nodes).split("\n").slice(2).join("\n")}`;

const fishScript = (
  nodes: readonly Node[],
): string => `# fish completion of hookwright: put into ~/.config/fish/config.fish
#   hookwright completion fish | source
function __hookwright_at
  set -l path ''
  for word in (commandline -opc)[2..]
    set -l next (string trim -- "$path $word")
    if contains -- $next ${nodes
      .filter(({ path }) => path !== "")
      .map(({ path }) => quoted(path))
      .join(" ")}
      set path $next
    end
  end
  test "$path" = "$argv[1]"
end
complete -c hookwright -f
${nodes
  .flatMap((node) => [
    ...node.commands.map((word) => fishWord(node, word)),
    ...node.options.map((option) => fishOption(node, option)),
    ...(node.takesFile ? [`complete -c hookwright -n ${at(node)} -F`] : []),
  ])
  .join("\n")}
`;

const at = ({ path }: Node): string => quoted(`__hookwright_at ${fishText(path)}`);
const fishText = (text: string): string => `"${text.replaceAll(/["\\$]/g, String.raw`\$&`)}"`;
const fishWord = (node: Node, { word, about }: Word): string =>
  `complete -c hookwright -n ${at(node)} -a ${word} -d ${fishText(about)}`;

function fishOption(node: Node, { word, about, takesValue, choices, isFile: file }: OptionWord): string {
  const value = takesValue
    ? ` -r${file ? " -F" : ""}${choices.length > 0 ? ` -a ${fishText(choices.join(" "))}` : ""}`
    : "";
  return `complete -c hookwright -n ${at(node)} -l ${word.slice(2)} -d ${fishText(about)}${value}`;
}
