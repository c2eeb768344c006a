/**
 * One loaded document: the order of its log. Records get a tentative sequence number and chain hash in memory, go to the store in batches, one
 * batch at a time, and are told to the channels only when durable (LG-3). If a batch fails, everything tentative is forgotten
 * and refused: the document is again what the store holds.
 */
import { logStart, nextChainHash, recordHashOf, signHead, verifyRecord } from "@skerry/crypto/verify";
import { assert, bytesEqual, limits, noRecord } from "@skerry/protocol";
import type {
  ChainHash,
  DocId,
  Entry,
  Head,
  RecordHash,
  RefusalCode,
  ReplicaId,
  SealedRecord,
  SignedHead,
  SpaceId,
} from "@skerry/protocol";
import { admit } from "./admission.ts";
import { createAuthorChains } from "./author-chains.ts";
import type { AuthorChain } from "./author-chains.ts";
import type { Ack, AppendRequest, Commit, Document, DocumentEnv, DocumentUser, Page, Refusal, RestoreRequest } from "./document-types.ts";
import { shareEntries } from "./entry-chunks.ts";
import { LogStoreError } from "./log-store.ts";
import type { DocumentInfo, LogAppend } from "./log-store.ts";
import { shareMessage } from "./shared-message.ts";
import type { SharedMessage } from "./shared-message.ts";
import { hasUnknownOutcome, retryAfterMs, storeRefusal } from "./store-refusal.ts";

type Request = AppendRequest | RestoreRequest | RefreshRequest | BarrierRequest;

/** Waits for what came before it. */
interface BarrierRequest {
  readonly kind: "barrier";
  readonly passed: () => void;
  readonly failed: (error: Error) => void;
}

/** Only looks whether the store has recovered. */
interface RefreshRequest {
  readonly kind: "refresh";
}

/** A restore, some of whose records are under way. */
interface RestoreJob {
  readonly request: RestoreRequest;
  waitingFor: number;
  admitted: number;
  allSeen: boolean;
  refusal: Refusal | undefined;
}

interface PendingEntry extends Ack {
  readonly entry: Entry;
  readonly recordHash: RecordHash;
  readonly chainHash: ChainHash;
  readonly chain: Chain;
  readonly spaceId: SpaceId;
  readonly askedBy: DocumentUser[];
  readonly appends: AppendRequest[];
  readonly jobs: RestoreJob[];
}

type Chain = AuthorChain<PendingEntry>;

/** Records verified in one go while restoring: about 2 ms. */
const verifyAtOnce = 32;
const batchBytesMax = 1024 * 1024;
const batchEntriesMax = 1024;

export function createDocument(docId: DocId, info: DocumentInfo | undefined, env: DocumentEnv): Document {
  const { store, clock } = env;
  const chains = createAuthorChains<PendingEntry>(store, docId);
  const users = new Set<DocumentUser>();
  const requests: Request[] = [];
  const pagesUnderWay = new Map<number, Promise<Page | undefined>>();
  let spaceId = info?.spaceId;
  /** That of a genesis record under way, while the log is empty. */
  let tentativeSpaceId = spaceId;
  let durable: Head = info?.head ?? { seq: 0, chainHash: logStart(docId) };
  let tentative: Head = durable;
  let queued: PendingEntry[] = [];
  let writing = false;
  let commitScheduled = false;
  let requestUnderWay = false;
  let gone = false;
  /** A write failed with unknown outcome: memory says nothing about the log until the store was asked again. */
  let stale = false;
  let cancelRefresh: (() => void) | undefined;
  /** Until the log is durable up to `upTo`, or what was to get there is refused. */
  let barriers: { readonly upTo: number; readonly request: BarrierRequest }[] = [];
  /** Access position of the last entry, appends under way included; undefined if it has to be read. */
  let lastPosition: number | undefined;
  let signed: SignedHead | undefined;
  let cancelFreshHead: (() => void) | undefined;

  const isBusy = (): boolean => writing || requestUnderWay || queued.length > 0 || requests.length > 0;

  const passBarriers = (): void => {
    const passed = barriers.filter(({ upTo }) => upTo <= durable.seq);
    barriers = barriers.filter(({ upTo }) => upTo > durable.seq);
    for (const { request } of passed) request.passed();
  };

  const refusal = (n: number, code: RefusalCode, chain?: Chain): Refusal => ({
    n,
    code,
    retryAfterMs: retryAfterMs(code),
    tailN: chain?.durableN ?? 0,
    tailHash: chain?.durableHash ?? noRecord,
  });

  // ---- writing

  const scheduleCommit = (): void => {
    if (commitScheduled || writing) return;
    commitScheduled = true;
    env.endOfTurn(() => {
      commitScheduled = false;
      guarded(commit);
    });
  };

  const takeBatch = (): PendingEntry[] => {
    let bytes = 0;
    let count = 0;
    for (const pending of queued) {
      if (count > 0 && (bytes + pending.entry.record.length > batchBytesMax || count >= batchEntriesMax)) break;
      bytes += pending.entry.record.length;
      count++;
    }
    return queued.splice(0, count);
  };

  const commit = (): void => {
    if (writing || gone || queued.length === 0) return;
    writing = true;
    const batch = takeBatch();
    store.append(batch.map(toLogAppend)).then(
      () => guarded(() => committed(batch)),
      (error: unknown) => guarded(() => failed(batch, error)),
    );
  };

  const toLogAppend = (pending: PendingEntry): LogAppend => {
    const { seq, entry, recordHash, chainHash, replicaId, n } = pending;
    const append = { docId, seq, entry, recordHash, chainHash, replicaId, n };
    return seq === 1 ? { ...append, spaceId: pending.spaceId } : append;
  };

  const committed = (batch: readonly PendingEntry[]): void => {
    writing = false;
    if (gone) return abandon(batch);
    const first = batch[0];
    assert(first !== undefined && first.seq === durable.seq + 1, "batches become durable in order");
    for (const pending of batch) {
      const oldest = pending.chain.inFlight.shift();
      assert(oldest === pending, "records of a chain become durable in order");
      pending.chain.durableN = pending.n;
      pending.chain.durableHash = pending.recordHash;
      durable = { seq: pending.seq, chainHash: pending.chainHash };
    }
    if (first.seq === 1) begin(first.spaceId);
    const commitMade = describe(first.seq, batch);
    for (const user of users) user.committed(commitMade);
    for (const pending of batch) {
      for (const append of pending.appends) append.done();
      for (const job of pending.jobs) progress(job);
    }
    scheduleFreshHead();
    passBarriers();
    if (queued.length > 0) commit();
    else settle();
  };

  /** The genesis record decides the space; whoever opened the empty log under another has nothing to do with it. */
  const begin = (space: SpaceId): void => {
    spaceId = space;
    tentativeSpaceId = space;
    for (const user of users) {
      if (bytesEqual(user.spaceId, space)) continue;
      users.delete(user);
      user.ejected("not-allowed");
    }
  };

  const failed = (batch: readonly PendingEntry[], error: unknown): void => {
    writing = false;
    env.storeFailed(error);
    if (gone) return abandon(batch);
    if (!(error instanceof LogStoreError)) {
      abandon(batch);
      throw error;
    }
    const lost = [...batch, ...queued];
    for (const { request } of barriers.splice(0)) request.failed(error);
    queued = [];
    tentative = durable;
    tentativeSpaceId = spaceId;
    chains.rollBack();
    lastPosition = undefined;
    if (hasUnknownOutcome(error)) becomeStale();
    const code = storeRefusal(error);
    for (const pending of lost) {
      for (const append of pending.appends) answerRefused(append, refusal(pending.n, code, pending.chain));
      for (const job of pending.jobs) {
        job.refusal ??= refusal(0, code);
        progress(job);
      }
    }
    settle();
  };

  // ---- after a write with unknown outcome (see `LogStore.append`)

  const becomeStale = (): void => {
    stale = true;
    chains.clear();
    cancelRefresh?.();
    cancelRefresh = clock.schedule(retryAfterMs("storage-failed"), () => {
      cancelRefresh = undefined;
      if (!stale || gone || users.size === 0) return;
      requests.push({ kind: "refresh" });
      guarded(pump);
    });
  };

  const loadChain = async (replicaId: ReplicaId): Promise<Chain> => {
    const chain = await chains.load(replicaId);
    // A write of unknown outcome came to light after we had read the head.
    if (chain.loadedSeq > durable.seq && !gone) becomeStale();
    return chain;
  };

  /** Takes what the store holds for the truth: the failed batch may have got through after all. */
  const refresh = async (): Promise<void> => {
    const now = await store.info(docId);
    const head = now?.head ?? { seq: 0, chainHash: logStart(docId) };
    assert(head.seq > durable.seq || (head.seq === durable.seq && bytesEqual(head.chainHash, durable.chainHash)), "a log never shrinks");
    stale = false;
    // An `open` may have asked for a tail while the failed batch was still invisible.
    chains.clear();
    if (head.seq === durable.seq) return;
    durable = head;
    tentative = head;
    lastPosition = undefined;
    if (now !== undefined && spaceId === undefined) begin(now.spaceId);
    for (const user of users) user.fellBehind();
    scheduleFreshHead();
  };

  const describe = (from: number, entries: readonly PendingEntry[]): Commit => {
    const authors = new Set<DocumentUser>();
    for (const pending of entries) for (const user of pending.askedBy) authors.add(user);
    let messages: readonly SharedMessage[] | undefined;
    return { from, entries, authors, messages: () => (messages ??= shareEntries(from, entries)) };
  };

  // ---- requests, one after the other

  const pump = (): void => {
    for (;;) {
      if (requestUnderWay || gone) return;
      const request = requests.shift();
      if (request === undefined) return settle();
      const slow = stale ? refresh().then(() => take(request)) : take(request);
      if (slow === undefined) continue;
      requestUnderWay = true;
      slow.then(
        () => {
          requestUnderWay = false;
          guarded(pump);
        },
        (error: unknown) =>
          guarded(() => {
            requestUnderWay = false;
            if (request.kind === "barrier") request.failed(error as Error);
            if (!(error instanceof LogStoreError)) {
              if (request.kind === "append" || request.kind === "restore") request.done();
              throw error;
            }
            env.storeFailed(error);
            if (stale) becomeStale();
            const code = storeRefusal(error);
            answerRefused(request, refusal(request.kind === "append" ? request.record.header.n : 0, code));
            pump();
          }),
      );
    }
  };

  const isElsewhere = (user: DocumentUser): boolean => tentativeSpaceId !== undefined && !bytesEqual(tentativeSpaceId, user.spaceId);

  const take = (request: Request): Promise<void> | undefined => {
    if (request.kind === "append") return takeAppend(request);
    if (request.kind === "barrier") {
      barriers.push({ upTo: tentative.seq, request });
      passBarriers();
    }
    return request.kind === "restore" ? takeRestore(request) : undefined;
  };

  const answerRefused = (request: Request, answer: Refusal): void => {
    if (request.kind === "refresh" || request.kind === "barrier") return;
    request.user.refused(answer);
    request.done();
  };

  const takeAppend = (request: AppendRequest): Promise<void> | undefined => {
    const chain = chains.known(request.record.header.replicaId);
    if (chain !== undefined) return admitAppend(request, chain);
    return loadChain(request.record.header.replicaId).then((loaded) => admitAppend(request, loaded));
  };

  const admitAppend = (request: AppendRequest, chain: Chain): Promise<void> | undefined => {
    const { header } = request.record;
    // A write failed while this request waited for its chain.
    if (gone || stale) {
      answerRefused(request, refusal(header.n, "storage-failed"));
      return undefined;
    }
    if (request.refuse !== undefined) {
      answerRefused(request, { ...refusal(header.n, request.refuse.code, chain), retryAfterMs: request.refuse.retryAfterMs });
      return undefined;
    }
    if (isElsewhere(request.user)) {
      answerRefused(request, refusal(header.n, "not-allowed"));
      return undefined;
    }
    const recordHash = recordHashOf(request.record.hashedBytes);
    const admission = admit(header, chain, tentative.seq, false);
    if (admission.kind === "stored") return answerStored(request, chain, recordHash);
    if (admission.kind === "refuse") answerRefused(request, refusal(header.n, admission.code, chain));
    else if (admission.kind === "in-flight") joinInFlight(request, chain, recordHash);
    else {
      const pending = enqueue(request, request.user.spaceId, chain, recordHash);
      pending.askedBy.push(request.user);
      pending.appends.push(request);
    }
    return undefined;
  };

  const inFlight = (chain: Chain, n: number): PendingEntry => {
    const pending = chain.inFlight[n - chain.durableN - 1];
    assert(pending !== undefined && pending.n === n, "records under way are dense");
    return pending;
  };

  /** The same record again, while the first is under way: both are answered when it is durable. */
  const joinInFlight = (request: AppendRequest, chain: Chain, recordHash: RecordHash): void => {
    const pending = inFlight(chain, request.record.header.n);
    if (!bytesEqual(pending.recordHash, recordHash)) return answerRefused(request, refusal(pending.n, "chain-fork", chain));
    if (!pending.askedBy.includes(request.user)) pending.askedBy.push(request.user);
    pending.appends.push(request);
  };

  /** Exactly once: the record is there already, or another one is in its place. */
  const answerStored = async (request: AppendRequest, chain: Chain, recordHash: RecordHash): Promise<void> => {
    const { replicaId, n } = request.record.header;
    const place = await store.find(docId, replicaId, n);
    if (place === undefined) throw new LogStoreError("damaged", "index of author chains has a gap");
    if (!bytesEqual(place.recordHash, recordHash)) return answerRefused(request, refusal(n, "chain-fork", chain));
    const [entry] = await store.read(docId, place.seq, 1, 0);
    if (entry === undefined) throw new LogStoreError("damaged", "index names an entry that is not there", { seq: place.seq });
    request.user.acked({ replicaId, n, seq: place.seq, receivedAtMs: entry.receivedAtMs, accessPosition: entry.accessPosition });
    request.done();
  };

  const enqueue = (
    source: { readonly record: SealedRecord; readonly bytes: Uint8Array; readonly accessPosition: number },
    space: SpaceId,
    chain: Chain,
    recordHash: RecordHash,
  ): PendingEntry => {
    const { n, deviceId } = source.record.header;
    assert(chains.known(chain.replicaId) === chain, "a chain in use stays in memory");
    const { accessPosition } = source;
    const seq = tentative.seq + 1;
    const chainHash = nextChainHash(tentative.chainHash, recordHash, accessPosition);
    const receivedAtMs = clock.now();
    const pending: PendingEntry = {
      replicaId: chain.replicaId,
      n,
      seq,
      receivedAtMs,
      accessPosition,
      entry: { receivedAtMs, accessPosition, record: source.bytes },
      recordHash,
      chainHash,
      chain,
      spaceId: space,
      askedBy: [],
      appends: [],
      jobs: [],
    };
    tentative = { seq, chainHash };
    lastPosition = accessPosition;
    tentativeSpaceId ??= space;
    chain.n = n;
    chain.hash = recordHash;
    chain.deviceId ??= deviceId.slice() as typeof deviceId;
    chain.inFlight.push(pending);
    queued.push(pending);
    scheduleCommit();
    return pending;
  };

  // ---- restoring (LG-6)

  const takeRestore = async (request: RestoreRequest): Promise<void> => {
    const job: RestoreJob = { request, waitingFor: 0, admitted: 0, allSeen: false, refusal: undefined };
    let verified = 0;
    for (const source of request.records) {
      const recordHash = recordHashOf(source.record.hashedBytes);
      if (!verifyRecord(source.record, recordHash)) job.refusal = refusal(0, "bad-signature");
      else {
        const { replicaId } = source.record.header;
        const chain = chains.known(replicaId) ?? (await loadChain(replicaId));
        await admitRestored(job, source, chain, recordHash);
      }
      if (job.refusal !== undefined || gone) break;
      if (++verified % verifyAtOnce === 0) await new Promise<void>((resolve) => env.endOfTurn(resolve));
    }
    job.allSeen = true;
    if (gone) request.done();
    else finish(job);
  };

  const positionOfLast = async (): Promise<number> => {
    const [last] = tentative.seq === 0 ? [] : await store.read(docId, tentative.seq, 1, 0);
    return last?.accessPosition ?? 0;
  };

  const admitRestored = async (
    job: RestoreJob,
    source: RestoreRequest["records"][number],
    chain: Chain,
    recordHash: RecordHash,
  ): Promise<void> => {
    const { header } = source.record;
    if (stale || isElsewhere(job.request.user)) {
      job.refusal = refusal(0, stale ? "storage-failed" : "not-allowed");
      return;
    }
    const admission = admit(header, chain, tentative.seq, true);
    // In a space without a log all positions are 0.
    if (source.accessPosition > 0) lastPosition ??= await positionOfLast();
    if (admission.kind === "refuse") job.refusal = refusal(0, admission.code, chain);
    else if (admission.kind === "append") {
      const accessPosition = source.placeAt(tentative.seq + 1, lastPosition ?? 0);
      // Its author, if still a member, has to seal it anew.
      if (accessPosition === undefined) job.refusal = refusal(0, "not-allowed", chain);
      else {
        enqueue({ ...source, accessPosition }, job.request.user.spaceId, chain, recordHash).jobs.push(job);
        job.waitingFor++;
        job.admitted++;
      }
    } else if (admission.kind === "in-flight") {
      const pending = inFlight(chain, header.n);
      if (!bytesEqual(pending.recordHash, recordHash)) job.refusal = refusal(0, "chain-fork", chain);
      else {
        pending.jobs.push(job);
        job.waitingFor++;
      }
    } else {
      const place = await store.find(docId, header.replicaId, header.n);
      if (place === undefined || !bytesEqual(place.recordHash, recordHash)) job.refusal = refusal(0, "chain-fork", chain);
    }
  };

  const progress = (job: RestoreJob): void => {
    job.waitingFor--;
    finish(job);
  };

  const finish = (job: RestoreJob): void => {
    if (!job.allSeen || job.waitingFor > 0) return;
    if (job.refusal !== undefined) job.request.user.refused(job.refusal);
    else job.request.user.restored(job.admitted);
    job.request.done();
  };

  // ---- heads

  const signedHead = (): SignedHead => {
    const timeMs = clock.now();
    if (signed === undefined || signed.seq !== durable.seq || Math.abs(timeMs - signed.timeMs) >= limits.headEveryMs) {
      signed = signHead(env.identity, { docId, seq: durable.seq, chainHash: durable.chainHash, timeMs });
    }
    return signed;
  };

  /** At most one in `headEveryMs`, and one after the last entry. */
  const scheduleFreshHead = (): void => {
    if (cancelFreshHead !== undefined || users.size === 0) return;
    cancelFreshHead = clock.schedule(limits.headEveryMs, () => {
      cancelFreshHead = undefined;
      guarded(() => {
        if (users.size === 0) return;
        const message = shareMessage({ type: "fresh-head", channel: 0, head: signedHead() });
        for (const user of users) user.freshHead(message);
      });
    });
  };

  // ---- end of life

  const settle = (): void => {
    if (!isBusy()) env.idle(document);
  };

  const abandon = (entries: readonly PendingEntry[]): void => {
    for (const pending of entries) {
      for (const append of pending.appends) append.done();
      for (const job of pending.jobs) job.request.done();
    }
  };

  const breakUp = (error: unknown): void => {
    if (gone) return;
    gone = true;
    cancelFreshHead?.();
    cancelRefresh?.();
    abandon(queued);
    const failure = new LogStoreError("io", "the document was dropped");
    for (const request of requests) {
      if (request.kind === "barrier") request.failed(failure);
      else if (request.kind !== "refresh") request.done();
    }
    for (const { request } of barriers.splice(0)) request.failed(failure);
    queued = [];
    requests.length = 0;
    const ejected = [...users];
    users.clear();
    for (const user of ejected) user.ejected("storage-failed");
    env.broken(document, error);
  };

  /** A broken invariant concerns this document: it is dropped and read again, and the others go on. */
  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      breakUp(error);
    }
  };

  const readPage = async (from: number): Promise<Page | undefined> => {
    try {
      const read = await store.read(docId, from, limits.entriesPerMessageMax, limits.entriesBytesSoft);
      // The store may already show entries whose commit has not come back to us: they come live.
      const entries = read.filter((entry) => entry.seq <= durable.seq);
      const last = entries.at(-1);
      if (last === undefined) return undefined;
      return { upTo: last.seq, message: shareMessage({ type: "entries", channel: 0, from, entries }) };
    } finally {
      pagesUnderWay.delete(from);
    }
  };

  const document: Document = {
    docId,
    head: () => durable,
    spaceId: () => spaceId,
    signedHead,
    chainHashAt: (seq) => {
      if (seq > durable.seq) return Promise.resolve(undefined);
      if (seq === durable.seq) return Promise.resolve(durable.chainHash);
      return seq === 0 ? Promise.resolve(logStart(docId)) : store.chainHashAt(docId, seq);
    },
    tail: async (replicaId) => {
      const chain = chains.known(replicaId) ?? (await loadChain(replicaId));
      return { n: chain.durableN, hash: chain.durableHash };
    },
    page: (from) => {
      // Readers that come together (a storm after a restart) share one read and one encoding.
      const underWay = pagesUnderWay.get(from);
      if (underWay !== undefined) return underWay;
      const reading = readPage(from);
      pagesUnderWay.set(from, reading);
      return reading;
    },
    users: () => users,
    join: (user) => {
      users.add(user);
    },
    leave: (user) => {
      users.delete(user);
      if (users.size > 0) return;
      cancelFreshHead?.();
      cancelFreshHead = undefined;
      cancelRefresh?.();
      cancelRefresh = undefined;
      settle();
    },
    submit: (request) => {
      if (gone) {
        answerRefused(request, refusal(request.kind === "append" ? request.record.header.n : 0, "storage-failed"));
        return;
      }
      requests.push(request);
      guarded(pump);
    },
    barrier: () =>
      new Promise((resolve, reject) => {
        if (gone) return reject(new LogStoreError("io", "the document was dropped"));
        requests.push({ kind: "barrier", passed: () => resolve(durable), failed: reject });
        guarded(pump);
      }),
    isBusy,
    recheck: () => {
      // What is being written, or waits for it, finds out by itself; what is known to be stale is looked at soon.
      if (gone || stale || writing || queued.length > 0) return;
      stale = true;
      chains.clear();
      if (users.size === 0) return;
      requests.push({ kind: "refresh" });
      guarded(pump);
    },
  };
  return document;
}
