/** A program that takes a script as an argument, and the options that say so. */
interface Interpreter {
  readonly program: RegExp;
  /** Of one letter, also among others (`-ec`). */
  readonly letters: string;
  readonly words: readonly string[];
  /** A shell reads all its options first: in `sh -ce` and `sh -c -e` the script comes after them. */
  readonly scriptAfterOptions?: true;
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    program: /(?:^|\/)(?:ba|da|z|k|a|fi|c|tc)?sh$/,
    letters: "cC",
    words: ["--command", "--init-command"],
    scriptAfterOptions: true,
  },
  { program: /(?:^|\/)(?:su|runuser|script)$/, letters: "c", words: ["--command", "--session-command"] },
  {
    program: /(?:^|\/)(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|pwsh|lua)[\d.]*$/,
    letters: "cerpCER",
    words: ["--eval", "--print", "eval"],
  },
  { program: /(?:^|\/)(?:psql|mysql|mariadb)$/, letters: "ce", words: ["--command", "--execute"] },
  { program: /(?:^|\/)env$/, letters: "S", words: ["--split-string"] },
];

/** An option of ssh(1), also of scp and rsync, whose value a shell runs. */
const SSH_COMMAND = /^(?:-[A-Za-z]*o)?\s*(?:Proxy|Local|Remote|KnownHosts)Command[\s=]/i;

/** `sh -c "… ${{ }} …"`, also behind another program (`sudo sh -c …`) and glued to its flag (`-c"…"`). */
export function hasScriptTemplate(argv: readonly string[]): boolean {
  return argv.some((item, index) => {
    if (SSH_COMMAND.test(item) && isTemplate(item)) return true;
    const found = INTERPRETERS.find(({ program }) => program.test(item));
    return found !== undefined && takesTemplate(found, argv.slice(index + 1));
  });
}

/** Every option counts: in `perl -Mstrict -e …` the first one that looks like it is not the one. */
function takesTemplate(interpreter: Interpreter, args: readonly string[]): boolean {
  const { letters, words, scriptAfterOptions } = interpreter;
  const glued = new RegExp(`^-[A-Za-z]*[${letters}]`);
  const alone = new RegExp(
    scriptAfterOptions ? `^-[A-Za-z]*[${letters}][A-Za-z]*$` : `^-[A-Za-z]*[${letters}]$`,
  );
  return args.some((arg, index) => {
    if (words.includes(arg) || alone.test(arg)) {
      return isTemplate((scriptAfterOptions ? afterOptions(args.slice(index)) : args[index + 1]) ?? "");
    }
    return isTemplate(arg) && (glued.test(arg) || words.some((word) => arg.startsWith(`${word}=`)));
  });
}

/** The first argument that is neither an option nor the value of one; of bash(1)'s, each `o` and `O` in a cluster takes one. */
function afterOptions(args: readonly string[]): string | undefined {
  let at = 0;
  while (/^[-+]/.test(args[at] ?? "") && args[at] !== "--" && args[at] !== "-") {
    const cluster = /^[-+][A-Za-z]+$/.exec(args[at] ?? "")?.[0] ?? "";
    at += 1 + (cluster.match(/o/gi)?.length ?? 0);
  }
  return args[at] === "--" || args[at] === "-" ? args[at + 1] : args[at];
}

const isTemplate = (text: string): boolean => text.includes("${{");

/** Options of ssh(1) that take a value. */
const SSH_OPTION_WITH_VALUE = /^-[A-Za-z]*[BbcDEeFIiJLlmOoPpQRSWw]$/;

/**
 * Where in `ssh [OPTIONS] HOST COMMAND …` the command begins: ssh(1) joins all of it to one line for the shell at the other
 * end. Null where there is no such command.
 */
export function remoteCommandAt(argv: readonly string[]): number | null {
  const program = argv.findIndex((item) => /(?:^|\/)(?:ssh|rsh)$/.test(item));
  if (program === -1) return null;
  let at = program + 1;
  while (argv[at]?.startsWith("-") === true && argv[at] !== "--") {
    at += SSH_OPTION_WITH_VALUE.test(argv[at] ?? "") ? 2 : 1;
  }
  if (argv[at] === "--") at += 1;
  return at + 1;
}

/** A value can be checked only where it is all of the argument. */
export function hasMixedRemoteTemplate(argv: readonly string[]): boolean {
  const at = remoteCommandAt(argv);
  return at !== null && argv.slice(at).some((arg) => isTemplate(arg) && !isWholeTemplate(arg));
}

const isWholeTemplate = (arg: string): boolean => /^\s*\$\{\{(?:(?!\$\{\{).)*\}\}\s*$/su.test(arg);

/** Whether a shell would take the text for one word, and for nothing but itself. */
export const isPlainWord = (value: string): boolean => /^[\w@%+=:,./-]+$/.test(value);
