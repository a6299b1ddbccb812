/** A text for a message: cut after `max` characters, with an ellipsis for what is gone. */
export const shorten = (text: string, max = 80): string =>
  text.length > max ? `${text.slice(0, max - 1)}…` : text;
