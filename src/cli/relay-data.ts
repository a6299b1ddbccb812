/** Where the relay keeps its database, from the folder it is started in. */
export const RELAY_DATA = "./data/relay.db";
