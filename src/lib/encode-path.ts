/** Each part of a path encoded for a URL, slashes kept. */
export const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
