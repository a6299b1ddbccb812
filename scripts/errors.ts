import { ERRORS } from "../src/domain/errors.ts";

/** The reference page of the error codes, from the catalogue itself. */
export function errorsReference(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
  );
  return [
    "# Error codes",
    "",
    "The member `code` of every problem document, and what the command line shows. Codes stay as they are; the sentence in",
    "`detail` may change. This page is generated from the catalogue (`npm run generate`); [api.md](../api.md) says how",
    "errors look.",
    "",
    "| code | status | meaning |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
