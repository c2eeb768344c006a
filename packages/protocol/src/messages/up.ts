import { decodeWith, encodeWith } from "../codec.ts";
import type { Codec, DecodeError } from "../codec.ts";
import type { Result } from "../result.ts";
import { tagged } from "./message.ts";
import type { AnyMessageFormat } from "./message.ts";
import { hello } from "./hello.ts";
import type { Hello } from "./hello.ts";
import { open } from "./open.ts";
import type { Open } from "./open.ts";
import { append } from "./append.ts";
import type { Append } from "./append.ts";
import { restore } from "./restore.ts";
import type { Restore } from "./restore.ts";
import { presence } from "./presence.ts";
import type { Presence } from "./presence.ts";
import { close } from "./close.ts";
import type { Close } from "./close.ts";
import { ping } from "./ping.ts";
import type { Ping } from "./ping.ts";
import { openSpace } from "./open-space.ts";
import type { OpenSpace } from "./open-space.ts";
import { appendOperation } from "./append-operation.ts";
import type { AppendOperation } from "./append-operation.ts";
import { restoreOperations } from "./restore-operations.ts";
import type { RestoreOperations } from "./restore-operations.ts";
import { openMailbox } from "./open-mailbox.ts";
import type { OpenMailbox } from "./open-mailbox.ts";
import { postMail } from "./post-mail.ts";
import type { PostMail } from "./post-mail.ts";
import { introduce } from "./introduce.ts";
import type { Introduce } from "./introduce.ts";
import { putNote } from "./put-note.ts";
import type { PutNote } from "./put-note.ts";
import { getNote } from "./get-note.ts";
import type { GetNote } from "./get-note.ts";

/** Messages from peer to relay. */
export type UpMessage =
  | Hello
  | Open
  | Append
  | Restore
  | Presence
  | Close
  | Ping
  | OpenSpace
  | Introduce
  | AppendOperation
  | RestoreOperations
  | OpenMailbox
  | PostMail
  | PutNote
  | GetNote;

export const upFormats: readonly AnyMessageFormat[] = [
  hello,
  open,
  append,
  restore,
  presence,
  close,
  ping,
  openSpace,
  introduce,
  appendOperation,
  restoreOperations,
  openMailbox,
  postMail,
  putNote,
  getNote,
];

const codec: Codec<UpMessage> = tagged<UpMessage>(upFormats);

export const encodeUp: (message: UpMessage) => Uint8Array = (message) => encodeWith(codec, message);
export const decodeUp: (bytes: Uint8Array) => Result<UpMessage, DecodeError> = (bytes) => decodeWith(codec, bytes, "message");
