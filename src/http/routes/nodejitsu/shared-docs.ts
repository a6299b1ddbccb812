import type { App } from "../../../usecases/app.ts";

/** Long enough for all followers of one entry, short enough for logs that still grow. */
const SHARED_MS = 1_000;
const MOST = 100;

/** The documents of entries, read once for all who ask for one at about the same time. */
export function shareDocs(app: Pick<App, "deployDoc">): Pick<App, "deployDoc"> {
  const reading = new Map<string, { readonly at: number; readonly doc: ReturnType<App["deployDoc"]> }>();
  return {
    deployDoc(entry) {
      const now = performance.now();
      const known = reading.get(entry.id);
      if (known !== undefined && now - known.at < SHARED_MS) return known.doc;
      const doc = app.deployDoc(entry);
      reading.delete(entry.id);
      reading.set(entry.id, { at: now, doc });
      // What fails is asked for anew.
      doc.catch(() => reading.delete(entry.id));
      for (const [id, { at }] of reading) {
        if (reading.size <= MOST && now - at < SHARED_MS) break;
        reading.delete(id);
      }
      return doc;
    },
  };
}
