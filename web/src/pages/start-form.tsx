import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { client } from "../api.ts";
import { useAction } from "../parts/ask.tsx";
import { Problem } from "../parts/basics.tsx";
import { go, hrefTo } from "../router.tsx";

type Action = Awaited<ReturnType<typeof client.listActions>>["items"][number];
type Plan = Awaited<ReturnType<typeof client.planTask>>;
type Spec = Action["params"][string];

/** A field for each param. The server checks: its patterns are RE2's, which the browser does not have. */
export function StartForm({ action }: { readonly action: Action }): JSX.Element {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [plan, setPlan] = useState<Plan | null>(null);
  const params = Object.entries(action.params);
  // What is left empty is not given, so that a default counts.
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const body = { action: action.name, params: given };
  const start = useAction(async () => go(hrefTo(["tasks", (await client.startTask(body)).id])));
  const show = useAction(async () => setPlan(await client.planTask(body)));
  const error = start.error ?? show.error;
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        start.run();
      }}
    >
      {params.length === 0 && <p class="muted">It takes no params.</p>}
      {params.map(([name, spec]) => (
        <Param
          key={name}
          name={name}
          spec={spec}
          value={values[name] ?? ""}
          onInput={(value) => setValues({ ...values, [name]: value })}
        />
      ))}
      {error !== null && <Problem>{error}</Problem>}
      {plan !== null && <PlanView plan={plan} />}
      <div class="form-actions">
        <button type="submit" class="primary" disabled={start.busy}>
          Start {action.name}
        </button>
        <button type="button" disabled={show.busy} onClick={show.run}>
          Show the plan
        </button>
      </div>
    </form>
  );
}

interface ParamProps {
  readonly name: string;
  readonly spec: Spec;
  readonly value: string;
  readonly onInput: (value: string) => void;
}

function Param({ name, spec, value, onInput }: ParamProps): JSX.Element {
  const hints = [spec.description, spec.pattern === null ? null : `pattern ${spec.pattern}`].filter(
    (hint) => hint !== null,
  );
  return (
    <label>
      <span>
        {name}
        {spec.required && <span class="muted"> (required)</span>}
      </span>
      <input
        required={spec.required}
        placeholder={spec.default ?? ""}
        spellcheck={false}
        autocomplete="off"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hints.length > 0 && <span class="hint">{hints.join("; ")}</span>}
    </label>
  );
}

const PlanView = ({ plan }: { readonly plan: Plan }): JSX.Element => (
  <div class="plan" role="status">
    <p>Nothing was started. It would run:</p>
    <ol>
      {plan.steps.map(({ name, title }) => (
        <li key={name}>
          <strong>{name}</strong> <code class="break">{title}</code>
        </li>
      ))}
    </ol>
  </div>
);
