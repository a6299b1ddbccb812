import type { JSX } from "preact";
import type { TaskWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { formatDuration } from "../format.ts";
import { useLoaded, useNow } from "../hooks.ts";
import { Badge, isOpen, type Status } from "../parts/status.tsx";
import { Empty, Panel } from "../parts/basics.tsx";

type Step = TaskWire["steps"][number];

const STATES = {
  running: { label: "Running", tone: "busy" },
  succeeded: { label: "Succeeded", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  cancelled: { label: "Cancelled", tone: "calm" },
  skipped: { label: "Skipped", tone: "calm" },
} as const satisfies Record<Step["state"], Status>;

interface StepsProps {
  readonly task: TaskWire;
  /** Shows the step's lines in the log. */
  readonly onChoose: (step: number) => void;
}

/** The steps as bars over the time of the task; those that are still to come after them. */
export function StepsTimeline({ task, onChoose }: StepsProps): JSX.Element {
  const actions = useLoaded("actions", client.listActions);
  const planned = actions.data?.items.find(({ name }) => name === task.action)?.steps ?? [];
  const begun = new Set(task.steps.filter(({ phase }) => phase === "run").map(({ index }) => index));
  const toCome =
    isOpen(task) && task.state !== "CANCELLING" ? planned.filter((_, index) => !begun.has(index)) : [];
  if (task.steps.length === 0 && toCome.length === 0) {
    return (
      <Panel title="Steps">
        <Empty>No step has run.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title="Steps">
      <ol class="steps">
        {task.steps.map((step) => (
          <StepRow key={`${step.phase}${step.index}`} task={task} step={step} onChoose={onChoose} />
        ))}
        {toCome.map(({ name, kind }) => (
          <li key={name} class="step to-come">
            <span class="step-name">{name}</span>
            <span class="muted">{kind}</span>
            <span class="muted">to come</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

interface StepRowProps extends StepsProps {
  readonly step: Step;
}

function StepRow({ task, step, onChoose }: StepRowProps): JSX.Element {
  const now = useNow(step.ended_at === null ? 500 : 60_000);
  const begin = Date.parse(task.started_at ?? step.started_at);
  const end = Math.max(now > 0 && isOpen(task) ? now : 0, ...task.steps.map(endOf), begin + 1);
  const from = Date.parse(step.started_at);
  const to = step.ended_at === null ? now : Date.parse(step.ended_at);
  const part = (ms: number): string =>
    `${Math.min(100, Math.max(0, (ms / (end - begin)) * 100)).toFixed(2)}%`;
  const { label, tone } = STATES[step.state];
  return (
    <li class="step">
      <span class="step-name">
        <button
          type="button"
          class="plain"
          onClick={() => onChoose(step.index)}
          title="Show its lines in the log"
        >
          {step.phase === "undo" ? `undo ${step.name}` : step.name}
        </button>
      </span>
      <span class="muted">{step.kind}</span>
      <Badge
        label={step.exit_code === null || step.exit_code === 0 ? label : `${label}, exit ${step.exit_code}`}
        tone={tone}
      />
      <span class="step-track" aria-hidden="true">
        <span
          class={`step-bar ${tone}`}
          style={{ "margin-left": part(from - begin), width: part(to - from) }}
        />
      </span>
      <span class="number">{formatDuration(to - from)}</span>
    </li>
  );
}

const endOf = ({ ended_at: endedAt }: Step): number => (endedAt === null ? 0 : Date.parse(endedAt));
