import type { JSX } from "preact";
import { client } from "../api.ts";
import { formatBytes, shortId } from "../format.ts";
import { useLoaded } from "../hooks.ts";
import { download } from "../log/log-view.tsx";
import { Empty, Panel, WhenLoaded } from "../parts/basics.tsx";

/** More would make the page slow; the rest can be downloaded. */
const SHOWN = 200_000;

interface DeliveryBodyProps {
  readonly id: string;
  readonly contentType: string | null;
}

async function load(id: string) {
  const blob = await client.getDeliveryBody(id);
  return { blob, text: pretty(await blob.text()) };
}

/** JSON with indentation; what is none, or a form that holds some, as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function DeliveryBody({ id, contentType }: DeliveryBodyProps): JSX.Element {
  const loaded = useLoaded(`body:${id}`, () => load(id));
  const end = contentType?.includes("json") === true ? "json" : "txt";
  return (
    <Panel
      title="Body"
      note={
        loaded.data && (
          <button
            type="button"
            onClick={() => download(loaded.data?.blob ?? "", `delivery-${shortId(id)}.${end}`)}
          >
            Download
          </button>
        )
      }
    >
      <WhenLoaded from={loaded}>
        {({ blob, text }) =>
          text === "" ? (
            <Empty>It is empty.</Empty>
          ) : (
            <>
              {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by keyboard */}
              <pre class="body" tabIndex={0} role="region" aria-label="Content of the body">
                {text.slice(0, SHOWN)}
              </pre>
              {text.length > SHOWN && (
                <Empty>Only its beginning is shown; all {formatBytes(blob.size)} are in the download.</Empty>
              )}
            </>
          )
        }
      </WhenLoaded>
    </Panel>
  );
}
