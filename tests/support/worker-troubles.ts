/** What the shared workers of a browser printed or threw. Playwright tells only of pages; the DevTools protocol tells of workers too. */
import type { Browser, CDPSession } from "playwright-core";

interface WorkerMessage {
  /** Of an answer. */
  readonly id?: number;
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

function troubleOf({ method, params }: WorkerMessage): string | undefined {
  if (method === "Runtime.exceptionThrown")
    return `error: ${params?.exceptionDetails?.exception?.description ?? params?.exceptionDetails?.text ?? ""}`;
  if (method === "Runtime.consoleAPICalled")
    return `${params?.type ?? ""}: ${(params?.args ?? []).map((arg) => String(arg.value ?? arg.description)).join(" ")}`;
  if (method !== "Log.entryAdded" || isAboutTheNetwork(params?.entry?.text ?? "")) return undefined;
  return `${params?.entry?.level ?? ""}: ${params?.entry?.text ?? ""}`;
}

/** Sends commands to one worker and gives all that it said until the last was answered. */
async function ask(
  session: CDPSession,
  targetId: string,
  commands: readonly { readonly method: string; readonly params?: object }[],
): Promise<readonly WorkerMessage[]> {
  // Not flattened: Playwright drops what comes for sessions that it did not make.
  const { sessionId } = await session.send("Target.attachToTarget", { targetId, flatten: false });
  const said: WorkerMessage[] = [];
  await new Promise<void>((resolve, reject) => {
    session.on("Target.receivedMessageFromTarget", (event) => {
      if (event.sessionId !== sessionId) return;
      const message = JSON.parse(event.message) as WorkerMessage;
      said.push(message);
      if (message.id === commands.length) resolve();
    });
    for (const [index, command] of commands.entries()) {
      session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: index + 1, ...command }) }).catch(reject);
    }
  });
  await session.send("Target.detachFromTarget", { sessionId });
  return said;
}

async function onEachWorker<T>(browser: Browser, act: (session: CDPSession, targetId: string) => Promise<T>): Promise<T[]> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets");
  const results: T[] = [];
  for (const { targetId, type } of targetInfos) if (type === "shared_worker") results.push(await act(session, targetId));
  await session.detach();
  return results;
}

/**
 * Of the workers that run now, since each began: Chromium keeps it and tells it when asked. (To listen from the start would mean to attach to a
 * worker while it starts, which in Chromium 156 keeps it from ever running.)
 */
export async function workerTroubles(browser: Browser): Promise<string[]> {
  const said = await onEachWorker(browser, (session, targetId) =>
    ask(session, targetId, [{ method: "Runtime.enable" }, { method: "Log.enable" }]),
  );
  return said
    .flat()
    .flatMap((message) => troubleOf(message) ?? [])
    .map((trouble) => `worker: ${trouble}`);
}

/** For the proof that such things are seen: lets every worker print a text and throw an error. Returns how many did. */
export async function plantInWorkers(browser: Browser, text: string): Promise<number> {
  const expression = `console.warn(${JSON.stringify(text)}); setTimeout(() => { throw new Error(${JSON.stringify(text)}); })`;
  const planted = await onEachWorker(browser, (session, targetId) =>
    ask(session, targetId, [{ method: "Runtime.evaluate", params: { expression } }]),
  );
  return planted.length;
}
