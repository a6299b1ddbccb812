import { z } from "zod";
import { FORGES, type ReportRules } from "../../domain/report.ts";

/** What a forge is told, as the message keeps it: each attempt makes the forge's own requests of it. */
const target = {
  forge: z.enum(FORGES),
  /** `owner/name`. */
  repository: z.string(),
  commit: z.string(),
  /** Branch or tag; null: not known. */
  ref: z.string().nullable(),
  tag: z.boolean(),
  /** Whose token it may be told with; null: nobody deploys by the deploy API. */
  user: z.string().nullable(),
  task: z.string(),
  /** RFC 3339: when the task came about. */
  since: z.string(),
  /** The task's page. */
  url: z.string(),
  description: z.string(),
};

export const STATUS_STATES = ["pending", "running", "success", "failure", "error"] as const;
export type StatusState = (typeof STATUS_STATES)[number];
export const DEPLOYMENT_STATES = ["in_progress", "success", "failure", "error", "inactive"] as const;
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];

const statusSchema = z.object({
  type: z.literal("status"),
  ...target,
  context: z.string(),
  state: z.enum(STATUS_STATES),
});
const deploymentSchema = z.object({
  type: z.literal("deployment"),
  ...target,
  environment: z.string(),
  environment_url: z.string().nullable(),
  state: z.enum(DEPLOYMENT_STATES),
});
const instructionSchema = z.discriminatedUnion("type", [statusSchema, deploymentSchema]);

export type StatusInstruction = z.output<typeof statusSchema>;
export type DeploymentInstruction = z.output<typeof deploymentSchema>;
export type Instruction = z.output<typeof instructionSchema>;

export const readInstruction = (body: string): Instruction => instructionSchema.parse(JSON.parse(body));

/** Instructions with the same key are told in their order: a late `pending` must not take the place of a `success`. */
export const orderKeyOf = (instruction: Instruction): string =>
  instruction.type === "status"
    ? JSON.stringify([instruction.repository, instruction.commit, instruction.context])
    : JSON.stringify([instruction.repository, { environment: instruction.environment }]);

/** Under which deployments are remembered. */
export const placeOf = (
  { forge, repository, environment }: DeploymentInstruction,
  { apiUrl }: Pick<ReportRules, "apiUrl">,
): string => JSON.stringify([forge, apiUrl, repository.toLowerCase(), environment]);
