import { describe, expect, test } from "vitest";
import { isOriginAllowed } from "./origin.ts";
import { relaySuite } from "./relay.test-suite.ts";

const rules = { origins: ["https://notes.example.org", "http://localhost:5173"], allowMissing: true };
const host = "relay.example.org:8787";

const allowed = ["https://notes.example.org", "http://localhost:5173", "http://relay.example.org:8787", "https://relay.example.org:8787"];
const refused = [
  "null",
  "",
  "*",
  "https://notes.example.org/",
  "https://notes.example.org:443",
  "https://notes.example.org:8443",
  "http://notes.example.org",
  "https://NOTES.example.org",
  "https://notes.example.org.evil.example",
  "https://evil-notes.example.org",
  "https://notes.example.org@evil.example",
  "https://notes.example.orgevil.example",
  "https://x.notes.example.org",
  "https://example.org",
  "https://notes.example.org.",
  "https://notes.example.org, https://evil.example",
  "https://evil.example, https://notes.example.org",
  " https://notes.example.org",
  "https://notes.example.org ",
  "https:/notes.example.org",
  "notes.example.org",
  "wss://notes.example.org",
  "file://",
  "chrome-extension://abcdefghijklmnop",
  "http://localhost",
  "http://localhost:51730",
  "http://127.0.0.1:5173",
  "http://relay.example.org",
  "http://relay.example.org:8788",
  "http://relay.example.org:8787.evil.example",
  "ftp://relay.example.org:8787",
  "https://notes.exаmple.org",
];

describe("SE-8 origins", () => {
  test.each(allowed)("allows %s", (origin) => expect(isOriginAllowed(origin, host, rules)).toBe(true));
  test.each(refused)("refuses %j", (origin) => expect(isOriginAllowed(origin, host, rules)).toBe(false));
  test("a missing one only where it is allowed", () => {
    expect(isOriginAllowed(undefined, host, rules)).toBe(true);
    expect(isOriginAllowed(undefined, host, { ...rules, allowMissing: false })).toBe(false);
  });
  test("without a Host nothing is the relay's own", () => {
    expect(isOriginAllowed("http://", "", rules)).toBe(false);
    expect(isOriginAllowed("http://undefined", undefined, rules)).toBe(false);
  });

  const suite = relaySuite();
  test("SE-8 a foreign page is closed with 4403, the relay's own is served", async () => {
    const relay = await suite.start({ config: { origins: ["https://notes.example.org"] } });
    for (const origin of ["null", "https://evil.example", "http://127.0.0.1"]) {
      expect(await (await suite.connect({ headers: { Origin: origin } })).closed()).toBe(4403);
    }
    await suite.join(undefined, { headers: { Origin: relay.url } });
    await suite.join(undefined, { headers: { Origin: "https://notes.example.org" } });
  });
  test("SE-8 clients without an origin can be kept out", async () => {
    const relay = await suite.start({ config: { allowMissingOrigin: false } });
    expect(await (await suite.connect()).closed()).toBe(4403);
    await suite.join(undefined, { headers: { Origin: relay.url } });
  });
});
