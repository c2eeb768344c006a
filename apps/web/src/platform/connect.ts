import type { SkerryClient } from "../client.ts";
export const connect = (): SkerryClient => { throw new Error(); };
