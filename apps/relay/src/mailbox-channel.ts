/**
 * One mailbox, read and written over one connection. Like a space's channel: everything that is there, then what comes; and what the socket has no room
 * for is read from the mailbox later.
 */
import { bytesEqual, noRecord } from "@skerry/protocol";
import type { DeviceId, DownMessage, RefusalCode } from "@skerry/protocol";
import type { Mailbox, Mailboxes, MailboxUser } from "./mailboxes.ts";
import { shareMessage } from "./shared-message.ts";
import type { SharedMessage } from "./shared-message.ts";
import { retryAfterMs } from "./store-refusal.ts";

/** The channel's way to its socket. */
export interface MailboxChannelSink {
  send(message: DownMessage): void;
  offer(messages: readonly SharedMessage[], channel: number): boolean;
  requestRead(channel: MailboxChannel): void;
  channelGone(channel: MailboxChannel): void;
}

export interface MailboxChannel extends MailboxUser {
  readonly number: number;
  /** Answers `mailbox-opened` and sends what is there, or returns why not. Once. */
  open(mailboxes: Mailboxes, rendezvous: Uint8Array): RefusalCode | undefined;
  /** Answers only if the mail is not taken. */
  post(body: Uint8Array): void;
  readPage(): Promise<void>;
  close(): void;
}

export function createMailboxChannel(number: number, deviceId: DeviceId, sink: MailboxChannelSink): MailboxChannel {
  let mailbox: Mailbox | undefined;
  let isReading = false;
  let next = 0;
  let posted = 0;

  const isOwn = (from: DeviceId): boolean => bytesEqual(from, deviceId);
  /** Sends until nothing is left or the socket has no room; in that case `readPage` goes on. */
  const readOn = (): void => {
    for (let mail = mailbox?.mailAt(next); mail !== undefined; mail = mailbox?.mailAt(next)) {
      // Encoded each time: a mail goes to one device, and shared bytes would be kept for each number that it ever came over.
      if (!isOwn(mail.from) && !sink.offer([shareMessage({ type: "mail", channel: 0, body: mail.body })], number)) {
        isReading = true;
        return sink.requestRead(channel);
      }
      next++;
    }
  };
  const close = (): void => {
    mailbox?.leave(channel);
    mailbox = undefined;
  };

  const channel: MailboxChannel = {
    number,
    deviceId,
    open: (mailboxes, rendezvous) => {
      const opened = mailboxes.open(rendezvous, channel);
      if (!opened.ok) return opened.error;
      mailbox = opened.value;
      sink.send({ type: "mailbox-opened", channel: number });
      readOn();
      return undefined;
    },
    post: (body) => {
      posted++;
      const code = mailbox?.post(deviceId, body);
      if (code === undefined) return;
      sink.send({ type: "refused", channel: number, n: posted, code, retryAfterMs: retryAfterMs(code), tailN: 0, tailHash: noRecord });
    },
    grown: () => {
      if (!isReading) readOn();
    },
    readPage: () => {
      isReading = false;
      readOn();
      return Promise.resolve();
    },
    ended: (code) => {
      sink.send({ type: "closed", channel: number, code, retryAfterMs: retryAfterMs(code) });
      close();
      sink.channelGone(channel);
    },
    close,
  };
  return channel;
}
