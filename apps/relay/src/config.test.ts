import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { limits } from "@skerry/protocol";
import { defaultConfig, describeConfig, parseConfig } from "./config.ts";

describe("configuration", () => {
  test("the defaults are valid, and those of the issue", () => {
    expect(defaultConfig()).toMatchObject({ port: 8787, host: "127.0.0.1", dataFolder: "./data", origins: [], allowMissingOrigin: true });
  });

  test("all problems are named at once, without the values", () => {
    const parsed = parseConfig({ SKERRY_PORT: "hunter2", SKERRY_TRUST_PROXY: "yes", SKERRY_DATA: "", SKERRY_IDLE_MS: "-1" });
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.error).toHaveLength(4);
    expect(parsed.error.join(" ")).not.toContain("hunter2");
  });

  test.each([
    ["SKERRY_PORT", ["0", "1", "65535"], ["-1", "65536", "1.5", "0x10", " 80", "", "1e3", "080"]],
    ["SKERRY_RECORD_BYTES_MAX", ["1024", String(limits.recordBytesMax)], ["1023", String(limits.recordBytesMax + 1)]],
    ["SKERRY_CHANNELS_MAX", ["1", String(limits.channelsMax)], ["0", String(limits.channelsMax + 1)]],
    ["SKERRY_TRUST_PROXY", ["true", "false"], ["1", "TRUE", "no"]],
    [
      "SKERRY_ORIGINS",
      ["", "https://a.example", "https://a.example, http://localhost:5173"],
      [
        "a.example",
        "https://a.example/",
        "https://A.example",
        "https://a.example:443",
        "*",
        "null",
        "wss://a.example",
        "https://u@a.example",
      ],
    ],
  ])("%s takes what it says", (name, good, bad) => {
    for (const value of good) expect(parseConfig({ [name]: value }).ok, value).toBe(true);
    for (const value of bad) expect(parseConfig({ [name]: value }).ok, value).toBe(false);
  });

  test("docs/operating.md holds the table of this schema", async () => {
    const page = await readFile(new URL("../../../docs/operating.md", import.meta.url), "utf8");
    expect(page).toContain(describeConfig());
  });
});
