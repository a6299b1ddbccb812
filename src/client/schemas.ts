/**
 * What our API (`/api/v1`) sends and takes, in one place for the server (which checks and documents itself by them) and
 * its clients. Names on the wire are snake_case; times are RFC 3339 UTC with milliseconds.
 */
export * from "./schemas/accounts.ts";
export * from "./schemas/deliveries.ts";
export * from "./schemas/endpoints.ts";
export * from "./schemas/problem.ts";
export * from "./schemas/releases.ts";
export * from "./schemas/settings.ts";
export * from "./schemas/stats.ts";
export * from "./schemas/tasks.ts";
export { listOf, pageOf, scopeSchema } from "./schemas/common.ts";
