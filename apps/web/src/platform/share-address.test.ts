import { expect, test } from "vitest";
import { fragmentOf, toShareAddress } from "./share-address.ts";

test("a pasted link gives back its fragment, however much was copied around it", () => {
  expect(fragmentOf(toShareAddress("https://notes.example", "AbC-_9"))).toBe("AbC-_9");
  expect(fragmentOf("  https://notes.example/s#AbC\n")).toBe("AbC");
  expect(fragmentOf("#AbC")).toBe("AbC");
  expect(fragmentOf("AbC")).toBe("AbC");
  expect(fragmentOf("https://notes.example/d/xyz")).toBe("");
  expect(fragmentOf("")).toBe("");
});
