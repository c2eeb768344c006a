import { expect, test } from "vitest";
import { guessDeviceName } from "./device-name.ts";

const chromeWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const safariMac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";

test.each([
  [chromeWindows, "Chrome on Windows"],
  [`${chromeWindows} Edg/142.0.0.0`, "Edge on Windows"],
  [`${chromeWindows} OPR/120.0.0.0`, "Opera on Windows"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"],
  ["Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox on Android"],
  [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Samsung Internet on Android",
  ],
  ["Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome on ChromeOS"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Safari on iPhone",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1",
    "Chrome on iPhone",
  ],
  [safariMac, "Safari on Mac"],
  ["something quite new", "Browser"],
  ["", "Browser"],
])("%s", (userAgent, name) => {
  expect(guessDeviceName({ userAgent })).toBe(name);
});

test("what a browser says of itself goes before what it pretends to be", () => {
  expect(guessDeviceName({ userAgent: chromeWindows, brands: ["Not)A;Brand", "Chromium", "Brave"], platform: "Windows" })).toBe(
    "Brave on Windows",
  );
  expect(guessDeviceName({ userAgent: chromeWindows, brands: ["Chromium", "Google Chrome"], platform: "macOS" })).toBe("Chrome on Mac");
  expect(guessDeviceName({ userAgent: chromeWindows, brands: ["Unheard"], platform: "toString" })).toBe("Chrome on Windows");
});

test("an iPad that says it is a Mac is told by its touch screen", () => {
  expect(guessDeviceName({ userAgent: safariMac, touchPoints: 5 })).toBe("Safari on iPad");
});

test("no version and no model gets into the name", () => {
  const name = guessDeviceName({
    userAgent:
      "Mozilla/5.0 (Linux; Android 15; Pixel 9 Pro Build/AB12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59 Mobile Safari/537.36",
  });
  expect(name).toBe("Chrome on Android");
});
