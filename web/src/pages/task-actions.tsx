import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { TaskWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { shortId } from "../format.ts";
import { AskButton } from "../parts/ask.tsx";
import { isOpen } from "../parts/status.tsx";
import { go, hrefTo } from "../router.tsx";
import { useMay } from "../session.ts";

interface TaskActionsProps {
  readonly task: TaskWire;
  readonly onChanged: () => void;
}

interface AllActionsProps extends TaskActionsProps {
  readonly onPurged: () => void;
}

/** What can be done with the task now, by who may. */
export function TaskActions({ task, onChanged, onPurged }: AllActionsProps): JSX.Element | null {
  const may = useMay("deploy", { action: task.action });
  const mayDecide = useMay("deploy");
  const mayPurge = useMay("admin");
  if (!may) return null;
  const name = `${task.action} (${shortId(task.id)})`;
  return (
    <>
      {mayDecide && task.hold?.type === "approval" && (
        <Decide task={task} name={name} onChanged={onChanged} />
      )}
      {mayDecide && task.hold?.type === "freeze" && (
        <AskButton
          label="Start in spite of the freeze"
          danger
          question={`Let the task ${name} start now? ${task.hold.reason}.`}
          act={async () => {
            await client.approveTask(task.id, { override_freeze: true });
            onChanged();
          }}
        />
      )}
      {(task.state === "ENQUEUED" || task.state === "RUNNING") && (
        <AskButton
          label="Cancel"
          danger
          question={`Cancel the task ${name}? Its commands are ended, and the undos of the steps that it has done are run.`}
          act={async () => {
            await client.cancelTask(task.id);
            onChanged();
          }}
        />
      )}
      {!isOpen(task) && task.parent_id === null && (
        <AskButton
          label="Retry"
          question={`Start ${task.action} again with the same params, by the settings as they are now?`}
          act={async () => go(hrefTo(["tasks", (await client.retryTask(task.id)).id]))}
        />
      )}
      {!isOpen(task) && mayPurge && (
        <AskButton
          label="Purge the log"
          danger
          question={`Remove for good what the task ${name} has printed? Only a notice of it stays.`}
          act={async () => {
            await client.purgeLog(task.id);
            onPurged();
          }}
        />
      )}
    </>
  );
}

function Decide({ task, name, onChanged }: TaskActionsProps & { readonly name: string }): JSX.Element {
  const [comment, setComment] = useState("");
  const said = comment.trim() === "" ? null : comment.trim();
  const field = (
    <label>
      <span>Comment, for the log</span>
      <input maxLength={500} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
    </label>
  );
  return (
    <>
      <AskButton
        label="Approve"
        question={`Let the task ${name} start?`}
        act={async () => {
          await client.approveTask(task.id, { comment: said });
          onChanged();
        }}
      >
        {field}
      </AskButton>
      <AskButton
        label="Refuse"
        danger
        question={`Refuse the task ${name}? It ends as rejected.`}
        act={async () => {
          await client.refuseTask(task.id, { comment: said });
          onChanged();
        }}
      >
        {field}
      </AskButton>
    </>
  );
}
