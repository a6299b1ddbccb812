import type { Notice } from "../domain/notice.ts";
import type { Links } from "./links.ts";

/** The page that people open to see what a notice is about; null where there is none. */
export const linkOf = ({ task }: Notice, links: Links): string | null =>
  task === null ? null : links.page(task);
