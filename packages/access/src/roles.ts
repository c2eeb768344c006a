import { oneOf } from "@skerry/protocol";
import type { Codec } from "@skerry/protocol";

/**
 * What an account may do in a space. Owner: everything. Editor: read, write, create documents. Commenter: read, and write comments once records can
 * tell them apart; until then, read. Viewer: read, be present.
 */
export type Role = "owner" | "editor" | "commenter" | "viewer";
/** Roles that links, grants and those who step down can have: nothing but an owner's word about a named account makes an owner. */
export type LesserRole = Exclude<Role, "owner">;

const lesserNumbers: Readonly<Record<LesserRole, number>> = { editor: 2, commenter: 3, viewer: 4 };
const numbers: Readonly<Record<Role, number>> = { owner: 1, ...lesserNumbers };

export const role: Codec<Role> = oneOf(numbers);
export const lesserRole: Codec<LesserRole> = oneOf(lesserNumbers);

/** Whether `a` may do more than `b`. No role at all is the least. */
export const outranks = (a: Role | undefined, b: Role | undefined): boolean => rank(a) > rank(b);
const rank = (value: Role | undefined): number => (value === undefined ? 0 : 5 - numbers[value]);

/** Whether a role lets its holder write content. The records of today cannot be told apart from comments, so commenters write nothing. */
export const writes = (value: Role | undefined): boolean => value === "owner" || value === "editor";
