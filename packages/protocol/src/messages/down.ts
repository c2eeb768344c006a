import { decodeWith, encodeWith } from "../codec.ts";
import type { Codec, DecodeError } from "../codec.ts";
import type { Result } from "../result.ts";
import { tagged } from "./message.ts";
import type { AnyMessageFormat } from "./message.ts";
import { challenge } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import { welcome } from "./welcome.ts";
import type { Welcome } from "./welcome.ts";
import { opened } from "./opened.ts";
import type { Opened } from "./opened.ts";
import { entries } from "./entries.ts";
import type { Entries } from "./entries.ts";
import { caughtUp } from "./caught-up.ts";
import type { CaughtUp } from "./caught-up.ts";
import { acked } from "./acked.ts";
import type { Acked } from "./acked.ts";
import { refused } from "./refused.ts";
import type { Refused } from "./refused.ts";
import { relayedPresence } from "./relayed-presence.ts";
import type { RelayedPresence } from "./relayed-presence.ts";
import { left } from "./left.ts";
import type { Left } from "./left.ts";
import { freshHead } from "./fresh-head.ts";
import type { FreshHead } from "./fresh-head.ts";
import { pong } from "./pong.ts";
import type { Pong } from "./pong.ts";
import { restored } from "./restored.ts";
import type { Restored } from "./restored.ts";
import { closed } from "./closed.ts";
import type { Closed } from "./closed.ts";
import { goodbye } from "./goodbye.ts";
import type { Goodbye } from "./goodbye.ts";
import { spaceOpened } from "./space-opened.ts";
import type { SpaceOpened } from "./space-opened.ts";
import { operations } from "./operations.ts";
import type { Operations } from "./operations.ts";
import { operationAcked } from "./operation-acked.ts";
import type { OperationAcked } from "./operation-acked.ts";
import { operationRefused } from "./operation-refused.ts";
import type { OperationRefused } from "./operation-refused.ts";
import { operationsRestored } from "./operations-restored.ts";
import type { OperationsRestored } from "./operations-restored.ts";
import { mailboxOpened } from "./mailbox-opened.ts";
import type { MailboxOpened } from "./mailbox-opened.ts";
import { mail } from "./mail.ts";
import type { Mail } from "./mail.ts";
import { noteKept } from "./note-kept.ts";
import type { NoteKept } from "./note-kept.ts";
import { note } from "./note.ts";
import type { Note } from "./note.ts";

/** Messages from relay to peer. */
export type DownMessage =
  | Challenge
  | Welcome
  | Opened
  | Entries
  | CaughtUp
  | Acked
  | Refused
  | RelayedPresence
  | Left
  | FreshHead
  | Pong
  | Restored
  | Closed
  | Goodbye
  | SpaceOpened
  | Operations
  | OperationAcked
  | OperationRefused
  | OperationsRestored
  | MailboxOpened
  | Mail
  | NoteKept
  | Note;

export const downFormats: readonly AnyMessageFormat[] = [
  challenge,
  welcome,
  opened,
  entries,
  caughtUp,
  acked,
  refused,
  relayedPresence,
  left,
  freshHead,
  pong,
  restored,
  closed,
  goodbye,
  spaceOpened,
  operations,
  operationAcked,
  operationRefused,
  operationsRestored,
  mailboxOpened,
  mail,
  noteKept,
  note,
];

const codec: Codec<DownMessage> = tagged<DownMessage>(downFormats);

export const encodeDown: (message: DownMessage) => Uint8Array = (message) => encodeWith(codec, message);
export const decodeDown: (bytes: Uint8Array) => Result<DownMessage, DecodeError> = (bytes) => decodeWith(codec, bytes, "message");
