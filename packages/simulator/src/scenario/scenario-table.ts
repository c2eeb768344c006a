/** The fields of a scenario outside its steps. Its types make it say exactly what `Scenario` says. */
import type { Alarm } from "@skerry/peer";
import type { DeviceOptions, Expectation, Scenario } from "./scenario.ts";
import { choice, count, duration, maybe, name, names, shift, text, truth } from "./field.ts";
import type { Field, Fields, FieldsOf } from "./field.ts";
import { scenarioLimits as limits } from "./limits.ts";

/** Since the start, as in `at`. */
export const atField: Field<false> = duration("when, since the start", { minMs: 0 });

const top: FieldsOf<Omit<Scenario, "v" | "devices" | "steps" | "expect">> = {
  name: maybe(text("what it is called", limits.wordChars), "none"),
  about: maybe(text("what it shows, for people", limits.aboutChars), "none"),
  seed: {
    kind: "seed",
    means: "everything that is drawn comes from it: a whole number below 2^53, or up to 64 bits as text",
    optional: false,
  },
  until: maybe(duration("when everything is healed and quiet is demanded", { minMs: 0 }), "10 s after the last step"),
  settleWithin: maybe(duration("from the healing on, how long all may take to agree and be synced", { maxMs: limits.settleMs }), "3m"),
  without: maybe(names("devices that stay dead at the healing: the others must settle without them", 0), "none"),
};
export const scenarioFields: Fields = top;

const device: FieldsOf<DeviceOptions> = {
  joins: maybe(duration("when it is given the share link (the first device makes the document)", { minMs: 0 }), "0"),
  skew: maybe(shift("how much its wall clock is ahead; may be negative"), "0"),
  hostile: maybe(truth("it holds the key and writes by `attack` only"), "false"),
  tabs: maybe(count("tabs that have the document open", limits.tabs), "1"),
};
export const deviceFields: Fields = device;

/** What each alarm says. */
export const alarmMeanings: Readonly<Record<Alarm["kind"], string>> = {
  rollback: "the relay has less than it had",
  fork: "the relay shows two histories",
  "bad-chain": "entries do not link up",
  "bad-signature": "a signature is wrong",
  "foreign-client-id": "a member wrote in another device's name",
  undecryptable: "a record can't be opened",
  malformed: "something does not decode",
  oversized: "something is too large",
  "author-fork": "a device wrote two records with one number, as a copied profile does",
  "wrong-genesis": "the log is not the one that the link names",
  "relay-key-changed": "the relay has another key than before",
  diverged: "devices with the same history hold different documents",
  "not-allowed": "a record that its author may not write",
};

type KeysOfUnion<T> = T extends unknown ? keyof T : never;
export type ExpectationKind = Exclude<KeysOfUnion<Expectation>, "by" | "within">;
type ExpectationTable = { readonly [K in ExpectationKind]: { readonly means: string; readonly fields: Fields } };

export const expectationTable: ExpectationTable = {
  words: {
    means: "The text holds these words at the end, each exactly once.",
    fields: { words: text("words, separated by spaces", limits.textChars) },
  },
  text: { means: "This is the text at the end.", fields: { text: text("the whole text", limits.textChars, 0) } },
  alarm: {
    means: "An alarm of this kind is raised.",
    fields: {
      alarm: choice("which", alarmMeanings),
      by: maybe(name("the device that raises it"), "any device"),
      within: maybe(duration("since the start, when at the latest", { minMs: 0 }), "by the end"),
    },
  },
  noAlarm: { means: "Nobody raises an alarm.", fields: { noAlarm: { kind: "always-true", means: "`true`", optional: false } } },
  sometimes: { means: "A rare state is reached.", fields: { sometimes: text("which (the list is below)", limits.wordChars) } },
};
