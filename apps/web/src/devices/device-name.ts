/** What a device is called until somebody calls it something: browser and system, and nothing that tells it from others of its kind. */
export interface DeviceHints {
  readonly userAgent: string;
  /** Of `navigator.userAgentData`, where there is one. */
  readonly brands?: readonly string[] | undefined;
  readonly platform?: string | undefined;
  /** iPads say that they are Macs; no Mac has a touch screen. */
  readonly touchPoints?: number | undefined;
}

const browsersByBrand: readonly (readonly [string, string])[] = [
  ["Microsoft Edge", "Edge"],
  ["Opera", "Opera"],
  ["Brave", "Brave"],
  ["Vivaldi", "Vivaldi"],
  ["Samsung Internet", "Samsung Internet"],
  ["Google Chrome", "Chrome"],
  ["Chromium", "Chromium"],
];

/** In this order: most say that they are others, too. */
const browsersByAgent: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\b(?:OPR|OPT|OPiOS)\//, "Opera"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const systemsByAgent: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b|\bMac OS X\b/, "Mac"],
  [/\bLinux\b/, "Linux"],
];

const systemsByPlatform: Readonly<Record<string, string>> = {
  Android: "Android",
  "Chrome OS": "ChromeOS",
  Windows: "Windows",
  macOS: "Mac",
  Linux: "Linux",
};

/** "Chrome on Windows", "Safari on iPhone", or "Browser" if nothing is known. */
export function guessDeviceName({ userAgent, brands = [], platform = "", touchPoints = 0 }: DeviceHints): string {
  const browser =
    browsersByBrand.find(([brand]) => brands.includes(brand))?.[1] ??
    browsersByAgent.find(([pattern]) => pattern.test(userAgent))?.[1] ??
    "Browser";
  const told = Object.hasOwn(systemsByPlatform, platform) ? systemsByPlatform[platform] : undefined;
  const system = told ?? systemsByAgent.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (system === undefined) return browser;
  return `${browser} on ${system === "Mac" && touchPoints > 1 ? "iPad" : system}`;
}

interface UserAgentData {
  readonly brands?: readonly { readonly brand: string }[];
  readonly platform?: string;
}

export function nameOfThisDevice(): string {
  const { userAgentData } = navigator as { readonly userAgentData?: UserAgentData };
  return guessDeviceName({
    userAgent: navigator.userAgent,
    brands: userAgentData?.brands?.map(({ brand }) => brand),
    platform: userAgentData?.platform,
    touchPoints: navigator.maxTouchPoints,
  });
}
