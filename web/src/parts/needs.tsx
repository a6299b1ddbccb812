import type { ComponentChildren, JSX } from "preact";
import type { scopeSchema } from "../../../src/client/schemas.ts";
import { useMay, useSession } from "../session.ts";
import { Empty, Page, Panel } from "./basics.tsx";

interface NeedsProps {
  readonly scope: (typeof scopeSchema.options)[number];
  /** Of the page, for who may not see it. */
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A page for those who may see it; the others are told what it takes. */
export function Needs({ scope, title, children }: NeedsProps): JSX.Element {
  const scopes = useSession()?.scopes ?? [];
  const has = scopes.length === 0 ? "none" : scopes.join(", ");
  if (useMay(scope)) return <>{children}</>;
  return (
    <Page title={title}>
      <Panel title={title}>
        <Empty>
          This takes the scope {scope}; you have {has}. Log in as somebody who has it.
        </Empty>
      </Panel>
    </Page>
  );
}
