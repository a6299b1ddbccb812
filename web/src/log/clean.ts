/** What a command's output may hold beside text: escape sequences (ECMA-48) and control characters. */

/* oxlint-disable no-control-regex -- these are what has to be found */
const STRINGS = /\u001B[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)?/g;
const CURSOR = /\u001B\[[0-?]*[ -/]*[@-ln-~]/g;
const OTHERS = /\u001B(?!\[)[ -/]*[0-~]?/g;
const COLOURS = /\u001B\[[\d;:]*m/g;
const CONTROLS = /[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F-\u009F]/g;
const LEFTOVER = /\u001B(?!\[[\d;:]*m)/g;
/* oxlint-enable no-control-regex */

/** The line with its colours and nothing else that a terminal would obey. Of a line that was drawn over, the last drawing. */
export function withColours(text: string): string {
  if (!needsCleaning(text)) return text;
  return lastDrawing(text)
    .replaceAll(STRINGS, "")
    .replaceAll(CURSOR, "")
    .replaceAll(OTHERS, "")
    .replaceAll(CONTROLS, "")
    .replaceAll(LEFTOVER, "");
}

export const withoutColours = (text: string): string => withColours(text).replaceAll(COLOURS, "");

function needsCleaning(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

function lastDrawing(text: string): string {
  const drawings = text.split("\r").filter((each) => each !== "");
  return drawings.at(-1) ?? "";
}
