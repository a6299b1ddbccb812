import type { Delivery } from "../domain/delivery.ts";
import type { StepState, Task } from "../domain/task.ts";
import { nodeName } from "../domain/node.ts";
import { shorten } from "../lib/shorten.ts";
import { type OpenSpan, parseTraceparent, type SpanIds, type Tracer } from "../lib/tracing/tracer.ts";
import type { AttemptSpan, OutboundTraces } from "../outbound/traces.ts";
import type { StoredDelivery } from "../storage/store.ts";
import type { StepPlace, TaskRun } from "./task-run.ts";

/** Tells of a webhook's way as spans of one trace: docs/adr/0021-traces.md. Nothing here ever throws or waits. */
export interface Traces extends OutboundTraces {
  delivery(
    delivery: Delivery,
    stored: Pick<StoredDelivery, "deliveryId" | "duplicate" | "verdict" | "tasks">,
  ): void;
  /** Called once, where the task has just been brought to its end. */
  taskEnded(task: Task, now: string): void;
  step(run: Pick<TaskRun, "task" | "masker" | "services">, place: StepPlace): StepSpan;
  close(): Promise<void>;
}

export interface StepSpan {
  /** For the step's commands. */
  readonly traceparent: string;
  end(result: { readonly state: StepState; readonly exitCode: number | null; readonly tries: number }): void;
}

const MAX_NAME = 100;

export function createTraces(tracer: Tracer, now: () => Date = () => new Date()): Traces {
  return {
    delivery(delivery, stored) {
      const original = idsOf(stored.deliveryId, stored.deliveryId);
      const place = stored.duplicate
        ? { traceId: original.traceId, parentId: original.spanId }
        : { ...original, parentId: null };
      const span = tracer.start({
        ...place,
        name: `delivery ${delivery.source}`,
        kind: delivery.replayOf === null ? "server" : "internal",
        links: linksOf(delivery),
        startedAt: new Date(delivery.receivedAt),
        attributes: {
          "hookwright.delivery.id": stored.deliveryId,
          "hookwright.source": delivery.source,
          "hookwright.source.kind": delivery.kind,
          "hookwright.event": shorten(delivery.event, MAX_NAME),
          "hookwright.delivery.verdict": stored.duplicate ? "duplicate" : stored.verdict,
          "hookwright.delivery.tasks": stored.tasks.length,
        },
      });
      span.end({ failed: stored.verdict === "rejected", endedAt: now() });
    },
    taskEnded(task, at) {
      const { id, startedAt, startedBy } = task;
      if (startedAt === null) return;
      const span = tracer.start({
        ...taskIds(task),
        name: `task ${task.action}`,
        kind: "internal",
        parentId: parentOf(task),
        links: startedBy.type === "retry" ? [taskIds({ ...task, id: startedBy.taskId })] : [],
        startedAt: new Date(startedAt),
        attributes: {
          "hookwright.task.id": id,
          "hookwright.action": task.action,
          "hookwright.task.started_by": startedBy.type,
          "hookwright.task.attempt": task.attempt,
          "hookwright.task.state": task.state,
          "hookwright.task.outcome": task.outcome,
          "hookwright.node": task.node,
          "hookwright.task.waited_ms": Date.parse(startedAt) - Date.parse(task.createdAt),
        },
      });
      span.end({ failed: task.state !== "COMPLETED", endedAt: new Date(at) });
    },
    step({ task, masker, services }, { definition, index, phase }) {
      const { traceId, spanId } = taskIds(task);
      const { kind } = definition;
      const span = tracer.start({
        name: phase === "undo" ? `undo ${kind}` : `step ${kind}`,
        kind: "internal",
        traceId,
        parentId: spanId,
        startedAt: now(),
        attributes: {
          "hookwright.task.id": task.id,
          "hookwright.node": nodeName(services.node),
          "hookwright.step.index": index,
          // A step without a name has its command's, in which the settings may have put a secret.
          "hookwright.step.name": shorten(masker.mask(definition.name), MAX_NAME),
          "hookwright.step.kind": kind,
          "hookwright.step.phase": phase,
        },
      });
      return stepSpan(span, now);
    },
    headerOf({ task, delivery }) {
      if (task !== null) return toTraceparent(taskIds(task));
      return delivery === null ? null : toTraceparent(idsOf(delivery.id, delivery.id));
    },
    attempt({ id, endpoint, type, headers, attempts }) {
      const parent = parseTraceparent(headers["traceparent"] ?? "");
      if (parent === null) return null;
      const span = tracer.start({
        name: `notify ${endpoint}`,
        kind: "client",
        traceId: parent.traceId,
        parentId: parent.spanId,
        startedAt: now(),
        attributes: {
          "hookwright.endpoint": endpoint,
          "hookwright.message.id": id,
          "hookwright.message.type": type,
          "hookwright.message.attempt": attempts + 1,
        },
      });
      return attemptSpan(span, now);
    },
    close: () => tracer.close(),
  };
}

function stepSpan(span: OpenSpan, now: () => Date): StepSpan {
  return {
    traceparent: span.traceparent,
    end({ state, exitCode, tries }) {
      const attributes = {
        "hookwright.step.outcome": state,
        "hookwright.step.exit_code": exitCode,
        "hookwright.step.tries": tries,
      };
      span.end({ failed: state !== "succeeded", attributes, endedAt: now() });
    },
  };
}

function attemptSpan(span: OpenSpan, now: () => Date): AttemptSpan {
  return {
    traceparent: span.traceparent,
    end({ status, result }) {
      const attributes = { "hookwright.message.result": result, "http.response.status_code": status };
      span.end({ failed: result !== "delivered", attributes, endedAt: now() });
    },
  };
}

type Traced = Pick<Task, "id" | "deliveryId" | "parentId">;

/** Everything that a delivery has led to is one trace: its id has as many bits as a trace's. */
const taskIds = ({ id, deliveryId, parentId }: Traced): SpanIds => idsOf(deliveryId ?? parentId ?? id, id);

function parentOf({ deliveryId, parentId }: Traced): string | null {
  const parent = parentId ?? deliveryId;
  return parent === null ? null : idsOf(parent, parent).spanId;
}

const SPAN_DIGITS = 16;

/** By our own ids, so that each process knows them without being told: the last half of a UUID v7 is all random. */
function idsOf(trace: string, span: string): SpanIds {
  const digits = (id: string): string => id.replaceAll("-", "");
  return { traceId: digits(trace), spanId: digits(span).slice(-SPAN_DIGITS) };
}

/** What the sender says may not make our spans a part of its trace; but where it came from is good to know. */
function linksOf({ replayOf, headers }: Delivery): SpanIds[] {
  const senders = parseTraceparent(headers["traceparent"] ?? "");
  const links = replayOf === null ? [] : [idsOf(replayOf, replayOf)];
  return senders === null ? links : [...links, senders];
}

/** Whether it is told is decided by the trace's id, where it is sent. */
const toTraceparent = ({ traceId, spanId }: SpanIds): string => `00-${traceId}-${spanId}-01`;
