/** A space with an access log at a relay under test: real keys, real operations, and nothing automatic. */
import { applySpace, createSpaceState } from "@skerry/access";
import type { SpaceBody, SpaceState } from "@skerry/access";
import type { DeviceIdentity } from "@skerry/crypto";
import { accessStart } from "@skerry/protocol";
import type { SpaceId } from "@skerry/protocol";
import {
  accountSays,
  carry,
  consentOf,
  creation,
  deviceFrom,
  keyOf,
  person,
  signedSpaceOperation,
  signerOf,
  spaceIdBy,
} from "../../../packages/access/src/world.test-support.ts";
import type { Person } from "../../../packages/access/src/world.test-support.ts";
import type { TestClient } from "./relay.test-client.ts";

const channel = 501;

export interface TestSpace {
  readonly id: SpaceId;
  readonly state: () => SpaceState;
  /** Signs with the person's first device, and waits until it is durable. */
  say(who: Person, body: SpaceBody): Promise<void>;
  /** The same without waiting. */
  send(who: Person, body: SpaceBody): void;
}

/** The owner's space, made and grown over the owner's connection. */
export async function makeSpace(client: TestClient, owner: Person, name = "one"): Promise<TestSpace> {
  const space = await openSpace(client, spaceIdBy(owner, name), undefined);
  await space.say(owner, creation(owner, name));
  return space;
}

/** The space as it was left, over another connection. */
export const reopenSpace = (client: TestClient, space: TestSpace): Promise<TestSpace> => openSpace(client, space.id, space.state());

async function openSpace(client: TestClient, id: SpaceId, known: SpaceState | undefined): Promise<TestSpace> {
  let state = known;
  client.send({ type: "open-space", channel, spaceId: id, cursor: accessStart, invite: undefined });
  await client.take("space-opened", channel);
  const send = (who: Person, body: SpaceBody): Uint8Array => {
    const operation = signedSpaceOperation(id, state, signerOf(who.device), body);
    client.send({ type: "append-operation", channel, operation, token: new Uint8Array() });
    return operation;
  };
  return {
    id,
    state: () => {
      if (state === undefined) throw new Error("no space");
      return state;
    },
    say: async (who, body) => {
      const operation = send(who, body);
      const { receivedAtMs } = await client.take("operation-acked", channel);
      const entry = { operation, receivedAtMs };
      const applied = state === undefined ? createSpaceState(id, entry) : applySpace(state, entry);
      if (!applied.ok) throw new Error(applied.error.reason);
      state = applied.value;
    },
    send: (who, body) => void send(who, body),
  };
}

/** A person whose account has a second device, as a recovery kit is one. */
export function personWithKit(name: string): { readonly who: Person; readonly kit: DeviceIdentity } {
  const who = person(name);
  const kit = deviceFrom(`kit of ${name}`);
  accountSays(who, signerOf(who.device), { type: "add-device", device: consentOf(kit, who.id) });
  return { who, kit };
}

/** What a space is told when the person revokes a device, after all else that the account has said. */
export function revocation(who: Person, device: DeviceIdentity): SpaceBody {
  const known = who.log.length;
  accountSays(who, signerOf(who.device), {
    type: "revoke-device",
    deviceId: device.deviceId,
    encryptionKey: keyOf(`after ${known} of ${who.name}`),
    sealedKeys: new Uint8Array(),
  });
  return { type: "account-news", account: carry(who, known), cut: undefined };
}
