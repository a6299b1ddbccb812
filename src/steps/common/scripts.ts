/** Programs that take a script as an argument, and the flags that say so. */
const INTERPRETERS: readonly (readonly [program: RegExp, flag: RegExp])[] = [
  [/(?:^|\/)(?:ba|da|z|k|a|fi|c|tc)?sh$|(?:^|\/)(?:su|script)$/, /^(?:-[a-z]*c|--command(?:=|$))/i],
  [
    /(?:^|\/)(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|pwsh|lua)[\d.]*$/,
    /^(?:-[a-z]*[cer]|(?:--eval|--print)(?:=|$)|eval$)/i,
  ],
  [/(?:^|\/)(?:psql|mysql|mariadb)$/, /^(?:-[ce]|(?:--command|--execute)(?:=|$))/],
  [/(?:^|\/)env$/, /^(?:-[a-z]*S|--split-string(?:=|$))/],
];

/** `sh -c "… ${{ }} …"`, also behind another program (`sudo sh -c …`) and glued to its flag (`-c"…"`). */
export function hasScriptTemplate(argv: readonly string[]): boolean {
  return argv.some((item, index) => {
    const flag = INTERPRETERS.find(([program]) => program.test(item))?.[1];
    if (flag === undefined) return false;
    const args = argv.slice(index + 1);
    const at = args.findIndex((arg) => flag.test(arg));
    return at !== -1 && args.slice(at, at + 2).some(isTemplate);
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
