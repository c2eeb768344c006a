/** What the shared workers of a browser print or throw. Playwright tells only of pages; the DevTools protocol tells of workers too. */
import type { Browser } from "playwright-core";

interface TargetInfo {
  readonly targetId: string;
  readonly type: string;
}

interface WorkerEvent {
  readonly method?: string;
  readonly params?: {
    readonly type?: string;
    readonly args?: readonly { readonly value?: unknown; readonly description?: string }[];
    readonly exceptionDetails?: { readonly text?: string; readonly exception?: { readonly description?: string } };
    readonly entry?: { readonly level?: string; readonly text?: string };
  };
}

/** Chromium itself reports sockets that can't connect; that is what some tests are about. */
const isAboutTheNetwork = (text: string): boolean => /WebSocket connection|net::ERR/.test(text);

function troubleOf({ method, params }: WorkerEvent): string | undefined {
  if (method === "Runtime.exceptionThrown") return `error: ${params?.exceptionDetails?.exception?.description ?? params?.exceptionDetails?.text ?? ""}`;
  if (method === "Runtime.consoleAPICalled") return `${params?.type ?? ""}: ${(params?.args ?? []).map((arg) => String(arg.value ?? arg.description)).join(" ")}`;
  if (method !== "Log.entryAdded" || isAboutTheNetwork(params?.entry?.text ?? "")) return undefined;
  return `${params?.entry?.level ?? ""}: ${params?.entry?.text ?? ""}`;
}

/** Returns a function that gives what was collected so far. */
export async function watchWorkers(browser: Browser): Promise<() => readonly string[]> {
  const troubles: string[] = [];
  const session = await browser.newBrowserCDPSession();
  const watch = async ({ targetId, type }: TargetInfo): Promise<void> => {
    if (type !== "shared_worker") return;
    // Not flattened: Playwright drops what comes for sessions that it did not make.
    const { sessionId } = await session.send("Target.attachToTarget", { targetId, flatten: false });
    for (const [index, method] of ["Runtime.enable", "Log.enable"].entries()) {
      await session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: index + 1, method }) });
    }
  };
  session.on("Target.targetCreated", ({ targetInfo }) => {
    // The worker may be gone before we are there.
    watch(targetInfo).catch(() => undefined);
  });
  session.on("Target.receivedMessageFromTarget", ({ message }) => {
    const trouble = troubleOf(JSON.parse(message) as WorkerEvent);
    if (trouble !== undefined) troubles.push(`worker: ${trouble}`);
  });
  await session.send("Target.setDiscoverTargets", { discover: true });
  return () => troubles;
}
