/** What the web app's Partition Lab and other browsers need: no Node, no sockets. */
export type * from "./run/simulation.ts";
export type * from "./scenario/scenario.ts";
export type * from "./trace/trace-event.ts";
