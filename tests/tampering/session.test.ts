/** Lies about acknowledgements, heads, keys and presence. */
import { generateRelayIdentity, ready } from "@skerry/crypto/verify";
import type { ConnectionState } from "@skerry/peer";
import { alterHead, flipBit, forgeAcks } from "@skerry/simulator";
import type { Tamper } from "@skerry/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { random } from "../../apps/relay/src/relay.test-client.ts";
import { until } from "../support/wait.ts";
import { createStage, expectWhole, reconnect } from "./stage.ts";
import type { Stage, Writer } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
  await ready;
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const drops =
  (direction: "up" | "down", ...types: readonly string[]): Tamper =>
  () => ({ [direction]: (message: { readonly type: string }) => (types.includes(message.type) ? [] : [message]) });

const shows = (of: Writer, at: Writer): boolean =>
  JSON.stringify([...at.editor.provider.awareness.getStates().values()]).includes(`"${of.name} is here"`);
const show = (writer: Writer): void => writer.editor.provider.awareness.setLocalStateField("user", { name: `${writer.name} is here` });

describe("acknowledgements", () => {
  test("LG-3 appends that get lost are not said to be at the relay", async () => {
    const { ana, ben } = await stage.together();
    ana.proxy.setTamper(drops("up", "append"));
    await ana.keep("lost-on-the-way ");
    ana.levels.clear();
    // Whatever else comes from the relay meanwhile.
    await ben.write("ben ");
    await until("ana reads ben", () => ana.text().includes("ben"));
    await until(
      "ana's own word is on her device, and ben's too",
      () => ana.status().saved === "device" && ana.status().unsentChanges === 1,
    );
    expect([...ana.levels].filter((level) => level === "relay" || level === "others")).toEqual([]);
    reconnect([ana]);
    await expectWhole(stage, [ana, ben], ["begun", "lost-on-the-way", "ben"]);
    expect(ana.kinds()).toEqual([]);
  });

  test("LG-2 acknowledgements that get lost: nothing is claimed, and nothing is there twice", async () => {
    const { ana, ben } = await stage.together();
    ana.proxy.setTamper(drops("down", "acked"));
    await ana.keep("once ");
    await until("ben has it", () => ben.text().includes("once"));
    expect(ana.status().saved).toBe("device");
    reconnect([ana]);
    await expectWhole(stage, [ana, ben], ["begun", "once"]);
    // Genesis, begun, once, and a last word of each.
    expect(ana.status().seq).toBe(5);
    expect(ana.kinds()).toEqual([]);
  });

  test("LG-3 VF-7 forged acknowledgements show as soon as the relay says anything else, and what they were for goes out again", async () => {
    const { ana, ben } = await stage.together();
    ana.proxy.setTamper(forgeAcks);
    await ana.write("thrown-away ");
    ana.levels.clear();
    await ben.write("ben ");
    await until("ana names it", () => ana.kinds().some((kind) => kind === "fork" || kind === "rollback" || kind === "bad-chain"));
    expect([...ana.levels]).not.toContain("others");
    reconnect([ana]);
    await expectWhole(stage, [ana, ben], ["begun", "thrown-away", "ben"]);
  });
});

describe("a relay that breaks the signature of what it stores, which no hash covers", () => {
  const breakSignature: Tamper = () => ({
    up: (message) =>
      message.type === "append" ? [{ ...message, record: flipBit(message.record, (message.record.length - 9) * 8) }] : [message],
  });

  test("VF-3 VF-5 set aside, and let in when the author's next record vouches for it", async () => {
    const { ana, ben } = await stage.together();
    ana.proxy.setTamper(breakSignature);
    await ana.write("broken ");
    await until("ben names it", () => ben.kinds().includes("bad-signature"));
    expect(ben.text()).not.toContain("broken");
    ana.proxy.setTamper(() => ({}));
    await ana.write("next ");
    await expectWhole(stage, [ana, ben], ["begun", "broken", "next"], "any");
  });

  test("VF-9 when the author's chain ended with it, the replicas see that they differ, and the author sends it anew", async () => {
    const { ana, ben } = await stage.together();
    ana.proxy.setTamper(breakSignature);
    await ana.write("broken ");
    await until("ben names it", () => ben.kinds().includes("bad-signature"));
    // As if a copy of Ana's profile had written more: her chain ends here.
    reconnect([ana], () => ({ down: (message) => (message.type === "opened" ? [{ ...message, tailN: message.tailN + 5 }] : [message]) }));
    await until("ana begins a new chain", () => ana.events.some((event) => event.startsWith("document.new-replica")));
    reconnect([ana]);
    await until("it is named", () => ana.kinds().includes("diverged") || ben.kinds().includes("diverged"));
    await expectWhole(stage, [ana, ben], ["begun", "broken"], "any");
  });
});

describe("signed heads", () => {
  for (const what of ["seq", "chainHash", "timeMs", "signature"] as const) {
    test(`LG-4 a head whose ${what} was altered is not believed`, async () => {
      const { ana, ben } = await stage.together();
      reconnect([ben], alterHead(what));
      await until("ben names it", () => ben.kinds().includes("bad-chain"));
      await ben.keep("local ");
      expect(ben.status().saved).toBe("device");
      reconnect([ben]);
      await expectWhole(stage, [ana, ben], ["begun", "local"]);
      expect(ana.kinds()).toEqual([]);
    });
  }
});

describe("keys", () => {
  const connectionOf = (writer: Writer): { readonly seen: ConnectionState[]; readonly end: () => void } => {
    const seen: ConnectionState[] = [];
    return { seen, end: writer.peer.watchConnection((state) => seen.push(state)) };
  };

  test("SE-2 a relay that can't prove the key that it names is not talked to", async () => {
    const { ana, ben } = await stage.together();
    const { seen, end } = connectionOf(ben);
    reconnect([ben], () => ({
      down: (message) =>
        message.type === "welcome" ? [{ ...message, proof: flipBit(message.proof, 77) as typeof message.proof }] : [message],
    }));
    await until("ben hung up", () => seen.some(({ kind }) => kind === "offline"));
    await ben.keep("local ");
    expect(ben.status().saved).toBe("device");
    expect(seen.slice(1).some(({ kind }) => kind === "online")).toBe(false);
    end();
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], ["begun", "local"]);
  });

  test("SE-2 someone in between who names a key of their own gets a proof that is worth nothing at the relay", async () => {
    const { ana, ben } = await stage.together();
    const { seen, end } = connectionOf(ben);
    const { relayKey } = generateRelayIdentity(random);
    reconnect([ben], () => ({ down: (message) => (message.type === "challenge" ? [{ ...message, relayKey }] : [message]) }));
    await until("ben was turned away", () => seen.some((state) => state.kind === "refused" && state.reason === "authentication"));
    await ben.keep("local ");
    expect(seen.slice(1).some(({ kind }) => kind === "online")).toBe(false);
    end();
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], ["begun", "local"]);
  });
});

describe("presence", () => {
  test("PS-1 presence that was bent is dropped, and the text goes on", async () => {
    const { ana, ben } = await stage.together();
    ben.proxy.setTamper(() => ({
      down: (message) =>
        message.type === "relayed-presence"
          ? [{ ...message, envelope: flipBit(message.envelope, message.envelope.length * 4) }]
          : [message],
    }));
    const before = ben.proxy.stats.changedDown;
    show(ana);
    await ana.write("word ");
    await until("ben reads it, and some presence was bent", () => ben.text().includes("word") && ben.proxy.stats.changedDown > before);
    expect(shows(ana, ben)).toBe(false);
    expect(ben.kinds()).toEqual([]);
    reconnect([ben]);
    await until("ben sees ana", () => shows(ana, ben));
    await expectWhole(stage, [ana, ben], ["begun", "word"]);
  });

  test("PS-2 presence of someone who left does not come back by replay", async () => {
    const { ana, ben } = await stage.together();
    const heard: Uint8Array[] = [];
    let leaves = false;
    let replayed = 0;
    ben.proxy.setTamper(({ toPeer }) => ({
      down: (message) => {
        // Not her farewell.
        if (message.type === "relayed-presence" && !leaves) heard.push(message.envelope);
        if (message.type !== "left") return [message];
        toPeer(message);
        for (const envelope of heard)
          toPeer({ type: "relayed-presence", channel: message.channel, connectionId: 4_000_000 + replayed++, envelope });
        return [];
      },
    }));
    show(ana);
    await until("ben sees ana", () => shows(ana, ben));
    leaves = true;
    await ana.close();
    await until("ana left, and her presence was replayed", () => replayed > 0);
    await ben.write("alone ");
    await until("ana is gone", () => !shows(ana, ben));
    await expectWhole(stage, [ben], ["begun", "alone"]);
  });
});
