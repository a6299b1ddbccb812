/** A node is one run of a server: its name (the machine's, or as told) and what tells it from earlier runs. */
export const nodeId = (name: string, run: string): string => `${name}-${run}`;

const RUN = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What people call the node of that id. */
export const nodeName = (id: string): string => id.replace(RUN, "");
