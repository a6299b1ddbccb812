import v8 from "node:v8";

// The old generation grows by a half between two collections, not to a multiple: less memory at the peak.
v8.setFlagsFromString("--heap-growing-percent=50");
// The young generation is a few megabytes: to wake helper threads for it, hundreds of times a second, cost more time than they
// saved (a tenth of all that accepting a webhook takes, on two cores).
v8.setFlagsFromString("--no-parallel-scavenge");
