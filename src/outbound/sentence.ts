import type { Notice } from "../domain/notice.ts";
import type { Task } from "../domain/task.ts";
import { formatDuration } from "../lib/duration.ts";
import { shorten } from "../lib/shorten.ts";

/** What a person reads, for the kinds that are read by people. Plain text. */
export interface Sentence {
  /** `deploy failed` */
  readonly title: string;
  /** Why, and what else is worth knowing; may be empty. */
  readonly details: string;
  readonly mood: "good" | "bad" | "neutral";
}

/** A reason may quote what a command printed. */
const MAX_DETAILS = 500;

export function sentenceOf(notice: Notice): Sentence {
  const { type, task, delivery, failures } = notice;
  const action = task?.action ?? "";
  switch (type) {
    case "task.queued":
      return { title: `${action} waits to run`, details: task?.hold?.reason ?? "", mood: "neutral" };
    case "task.started":
      return { title: `${action} has started`, details: startedDetails(task), mood: "neutral" };
    case "task.completed":
      return { title: `${action} succeeded`, details: tookDetails(task), mood: "good" };
    case "task.recovered":
      return {
        title: `${action} succeeded again after ${times(failures)}`,
        details: tookDetails(task),
        mood: "good",
      };
    case "task.failed":
      return {
        title: failures > 1 ? `${action} has failed ${failures} times` : `${action} ${failedAs(task)}`,
        details: shorten(task?.reason ?? "", MAX_DETAILS),
        mood: "bad",
      };
    case "task.cancelled":
      return {
        title: `${action} was ${task?.outcome ?? "cancelled"}`,
        details: shorten(task?.reason ?? "", MAX_DETAILS),
        mood: "neutral",
      };
    case "delivery.rejected":
      return {
        title: `A webhook of ${delivery?.source ?? "a source"} was rejected`,
        details: shorten(delivery?.reason ?? "", MAX_DETAILS),
        mood: "bad",
      };
    case "endpoint.test":
      return {
        title: "Hookwright can reach you",
        details: "Somebody is testing this endpoint.",
        mood: "neutral",
      };
  }
}

const times = (count: number): string => (count === 1 ? "a failure" : `${count} failures`);

function failedAs(task: Task | null): string {
  switch (task?.outcome) {
    case "timed_out":
      return "took too long";
    case "lost":
      return "was lost with its server";
    case "cancelled":
    case "superseded":
      return "was stopped and could not be undone";
    default:
      return "failed";
  }
}

function startedDetails(task: Task | null): string {
  if (task === null) return "";
  return task.startedBy.type === "manual" ? `Started by ${task.startedBy.by}` : "";
}

function tookDetails(task: Task | null): string {
  if (task === null || task.startedAt === null || task.endedAt === null) return "";
  return `Took ${formatDuration(Date.parse(task.endedAt) - Date.parse(task.startedAt))}`;
}
