/**
 * Mailboxes, in which two devices meet at a rendezvous that one of them showed the other (docs/protocol.md, MB-*). They are in memory only: nothing of
 * them is stored or logged, and no rendezvous leaves this file. Devices prove their own keys and nothing else: whoever knows a rendezvous may come, and
 * what is posted is opaque.
 */
import { bytesEqual, err, limits, ok, toText } from "@skerry/protocol";
import type { Clock, DeviceId, RefusalCode, Result } from "@skerry/protocol";

/** A mailbox as one connection has it open. */
export interface MailboxUser {
  readonly deviceId: DeviceId;
  /** There is a mail of the other device that was not there before. */
  grown(): void;
  /** The mailbox is not this user's any more: its time is over, or the device opened it elsewhere. */
  ended(code: RefusalCode): void;
}

/** Bytes that one device gave to be read by the other. */
export interface Mail {
  readonly from: DeviceId;
  readonly body: Uint8Array;
}

export interface Mailbox {
  /** In the order in which they came, from 0. */
  mailAt(index: number): Mail | undefined;
  /** Takes a copy. A refusal says why it was not taken; the same bytes of the same device again are there already. */
  post(from: DeviceId, body: Uint8Array): RefusalCode | undefined;
  /** The device keeps its place. Idempotent. */
  leave(user: MailboxUser): void;
}

export interface Mailboxes {
  /** Makes the mailbox if there is none. Another user of the same device ends: only the newest connection of a device is believed to be alive. */
  open(rendezvous: Uint8Array, user: MailboxUser): Result<Mailbox, RefusalCode>;
  size(): number;
  /** Forgets all, without a word to anyone. Idempotent. */
  close(): void;
}

interface HeldMailbox extends Mailbox {
  enter(user: MailboxUser): Result<Mailbox, RefusalCode>;
  /** Ends it for all who have it open. */
  expire(): void;
  readonly cancelExpiry: () => void;
}

export function createMailboxes(clock: Clock): Mailboxes {
  const held = new Map<string, HeldMailbox>();

  const create = (key: string): HeldMailbox => {
    const mails: Mail[] = [];
    /** Each device that ever came, and who has the mailbox open for it. Who reconnects finds the place kept, and nobody else can take it. */
    const places = new Map<string, MailboxUser | undefined>();
    let bytes = 0;

    const mailbox: HeldMailbox = {
      mailAt: (index) => mails[index],
      post: (from, body) => {
        // After a reconnection nobody knows what had arrived before, and everything is posted again.
        if (mails.some((mail) => bytesEqual(mail.body, body) && bytesEqual(mail.from, from))) return undefined;
        if (mails.length >= limits.mailboxMailsMax || bytes + body.length > limits.mailboxBytesMax) return "mailbox-full";
        bytes += body.length;
        mails.push({ from, body: body.slice() });
        for (const user of places.values()) if (user !== undefined && !bytesEqual(user.deviceId, from)) user.grown();
        return undefined;
      },
      enter: (user) => {
        const device = toText(user.deviceId);
        if (!places.has(device) && places.size >= limits.mailboxDevicesMax) return err("mailbox-full");
        const before = places.get(device);
        places.set(device, user);
        before?.ended("too-many-channels");
        return ok(mailbox);
      },
      leave: (user) => {
        const device = toText(user.deviceId);
        if (places.get(device) === user) places.set(device, undefined);
      },
      expire: () => {
        held.delete(key);
        for (const user of [...places.values()]) user?.ended("mailbox-expired");
      },
      cancelExpiry: clock.schedule(limits.mailboxMs, () => mailbox.expire()),
    };
    held.set(key, mailbox);
    return mailbox;
  };

  return {
    open: (rendezvous, user) => {
      const key = toText(rendezvous);
      const known = held.get(key);
      if (known === undefined && held.size >= limits.mailboxesMax) return err("rate-limited");
      return (known ?? create(key)).enter(user);
    },
    size: () => held.size,
    close: () => {
      for (const mailbox of held.values()) mailbox.cancelExpiry();
      held.clear();
    },
  };
}
