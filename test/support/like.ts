import { expect } from "vitest";

/** vitest's own matchers are of type any; these are not. */
export const containing = (text: string): unknown => expect.stringContaining(text);
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const including = (parts: object): unknown => expect.objectContaining(parts);
