/** How this program was called, so that its hints can be copied as they stand: through npm in a clone, or installed. */
export const inWords = (command: string): string =>
  `${process.env["npm_execpath"] === undefined ? "" : "npx "}hookwright ${command}`;
