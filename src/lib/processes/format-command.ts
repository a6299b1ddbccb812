const PLAIN = /^[\w@%+=:,./-]+$/;
const MAX_LENGTH = 200;

/** An argv as one line for people, quoted where a shell would need it; long ones are cut. */
export function formatCommand(argv: readonly string[]): string {
  const line = argv.map(quote).join(" ").replaceAll(/\s+/g, " ");
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1)}…` : line;
}

const quote = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
