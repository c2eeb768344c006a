/** Why an update was refused. Fixed words, safe to log and to show: they carry nothing of the input. */
export type UpdateFault =
  /** More bytes than the limit. */
  | "too-large"
  /** Ends in the middle of something. */
  | "truncated"
  /** Something follows the delete set. */
  | "trailing-bytes"
  /** An integer in another spelling than the shortest. */
  | "not-canonical"
  /** A number beyond what Yjs itself ever writes (client ids are 32-bit, clocks and lengths below 2^31). */
  | "clock-overflow"
  | "too-many-clients"
  | "too-many-structs"
  | "too-many-deletes"
  | "too-many-roots"
  | "too-many-subdocuments"
  /** Unknown struct or content kind, zero length, or a flag that Yjs never sets. */
  | "bad-struct"
  /** A struct that refers to its own or a later clock of its client: Yjs throws on it. */
  | "bad-reference"
  /** One client twice, or not in descending order: Yjs would drop the first block silently. */
  | "overlap"
  /** Values or shared types nested deeper than the limit: Yjs and its users recurse. */
  | "too-deep"
  /** Malformed UTF-8. */
  | "bad-text"
  | "bad-json"
  /** A value with an unknown type byte. */
  | "bad-value"
  /** `__proto__` as a key: it does not survive Yjs' plain objects. */
  | "bad-key"
  /** Empty, unordered, overlapping or repeated ranges. */
  | "bad-delete-set";

/** Internal to this folder: carries a fault out of nested reads. `walkUpdate`'s callers catch it through `caught`. */
export class Fault extends Error {
  readonly fault: UpdateFault;
  constructor(fault: UpdateFault) {
    super(fault);
    this.fault = fault;
  }
}

export const refuse = (fault: UpdateFault): never => {
  throw new Fault(fault);
};
