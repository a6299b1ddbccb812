/** A program that takes a script as an argument, and the options that say so. */
interface Interpreter {
  readonly program: RegExp;
  /** Of one letter, also behind others (`-ec`). */
  readonly letters: string;
  readonly words: readonly string[];
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    program: /(?:^|\/)(?:ba|da|z|k|a|fi|c|tc)?sh$|(?:^|\/)(?:su|script)$/,
    letters: "cC",
    words: ["--command"],
  },
  {
    program: /(?:^|\/)(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|pwsh|lua)[\d.]*$/,
    letters: "cerCER",
    words: ["--eval", "--print", "eval"],
  },
  { program: /(?:^|\/)(?:psql|mysql|mariadb)$/, letters: "ce", words: ["--command", "--execute"] },
  { program: /(?:^|\/)env$/, letters: "S", words: ["--split-string"] },
];

/** `sh -c "… ${{ }} …"`, also behind another program (`sudo sh -c …`) and glued to its flag (`-c"…"`). */
export function hasScriptTemplate(argv: readonly string[]): boolean {
  return argv.some((item, index) => {
    const found = INTERPRETERS.find(({ program }) => program.test(item));
    return found !== undefined && takesTemplate(found, argv.slice(index + 1));
  });
}

/** Every option counts: in `perl -Mstrict -e …` the first one that looks like it is not the one. */
function takesTemplate({ letters, words }: Interpreter, args: readonly string[]): boolean {
  const flag = new RegExp(`^-[A-Za-z]*[${letters}]`);
  return args.some((arg, index) => {
    const isFlag = words.includes(arg) || flag.exec(arg)?.[0] === arg;
    if (isFlag && isTemplate(args[index + 1] ?? "")) return true;
    const isGlued = flag.test(arg) || words.some((word) => arg.startsWith(`${word}=`));
    return isGlued && isTemplate(arg);
  });
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
