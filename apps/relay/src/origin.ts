/**
 * Which web pages may connect (ASVS V4.4.2). Compared as exact strings: browsers write an origin in one way only, so whatever needs
 * normalising was not written by one.
 */
export interface OriginRules {
  /** Besides the relay's own. Exactly as a browser sends them: `https://notes.example.org`, no slash at the end. */
  readonly origins: readonly string[];
  /** Whether a client that sends no Origin (not a browser) may connect. */
  readonly allowMissing: boolean;
}

/** `host` is the request's Host header: a page that the relay itself served has an origin with that very host and port. */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, rules: OriginRules): boolean {
  if (origin === undefined) return rules.allowMissing;
  if (rules.origins.includes(origin)) return true;
  return host !== undefined && host !== "" && (origin === `http://${host}` || origin === `https://${host}`);
}
