/**
 * Every bound of the protocol, in one place. Sizes in bytes, times in milliseconds. The relay sends those that a client has
 * to keep to in `welcome`; a client may be held to lower ones by its relay, never to higher ones.
 */
export const limits: Limits = {
  /** One WebSocket message. Larger ones close the connection with 1009. */
  frameBytesMax: 1024 * 1024,
  /** Messages in one frame. */
  frameMessagesMax: 4096,
  /** One record, header to signature. A frame holds at least one. */
  recordBytesMax: 640 * 1024,
  /** One Yjs update inside a record, before padding (Padmé adds at most 12 %). Longer ones are split by the peer. */
  updateBytesMax: 512 * 1024,
  /** One sealed presence message. */
  presenceBytesMax: 16 * 1024,
  /** Entries in one `entries` message. */
  entriesPerMessageMax: 1024,
  /** The relay starts a new `entries` message beyond this. */
  entriesBytesSoft: 64 * 1024,
  /** Records in one `restore` message. */
  restoreRecordsMax: 256,
  /** One operation of an access log (docs/access.md, AC-1). */
  operationBytesMax: 960 * 1024,
  /** One operation of an account's log, and operations in one (AC-17). */
  accountOperationBytesMax: 4096,
  accountOperationsMax: 256,
  /** What an operator asks of whoever makes a space. */
  spaceTokenBytesMax: 256,
  /** A rulebook's word for why not. */
  reasonBytesMax: 64,
  /** One mail: the largest message of a pairing (docs/crypto.md, CR-24), sealed and padded. */
  mailBytesMax: 80 * 1024,
  /** Mails in one mailbox, of both devices together… */
  mailboxMailsMax: 16,
  /** …and their bytes. */
  mailboxBytesMax: 192 * 1024,
  /** Devices that ever come to one mailbox. */
  mailboxDevicesMax: 2,
  /** Mailboxes that one connection has open. */
  mailboxesPerConnectionMax: 4,
  /** Mailboxes of a whole relay: 192 MiB of memory, if all are full. */
  mailboxesMax: 1024,
  /** From a mailbox's first opening to its end: a pairing's five minutes (CR-25), and one for who comes late. */
  mailboxMs: 6 * 60_000,
  /** What one device leaves at the relay for itself, sealed (docs/protocol.md, NT-1). */
  noteBytesMax: 16 * 1024,
  /** Channels (open documents) of one connection. */
  channelsMax: 1000,
  /** From TCP accept to a valid `hello`. */
  handshakeMs: 10_000,
  /** A peer pings this often, one ping at a time… */
  pingAfterMs: 5_000,
  /** …gives the link up when nothing came for this long (design §8: noticed in 10 s)… */
  deadAfterMs: 10_000,
  /** …and also when a ping stays unanswered for this long, though other things come: what we send does not arrive. */
  unansweredAfterMs: 20_000,
  /** The relay drops a connection that was silent for this long. */
  relayIdleMs: 60_000,
  /** A live channel gets a freshly signed head at most this often. */
  headEveryMs: 5_000,
  /** The longest that a relay can ask a peer to wait: a timer takes 2^31 ms at most, and fires at once beyond. */
  retryAfterMsMax: 86_400_000,
  /** How far ahead of our clock a hybrid logical clock may be before it is clamped. */
  clockAheadMs: 60_000,
};

export interface Limits {
  readonly frameBytesMax: number;
  readonly frameMessagesMax: number;
  readonly recordBytesMax: number;
  readonly updateBytesMax: number;
  readonly presenceBytesMax: number;
  readonly entriesPerMessageMax: number;
  readonly entriesBytesSoft: number;
  readonly restoreRecordsMax: number;
  readonly operationBytesMax: number;
  readonly accountOperationBytesMax: number;
  readonly accountOperationsMax: number;
  readonly spaceTokenBytesMax: number;
  readonly reasonBytesMax: number;
  readonly mailBytesMax: number;
  readonly mailboxMailsMax: number;
  readonly mailboxBytesMax: number;
  readonly mailboxDevicesMax: number;
  readonly mailboxesPerConnectionMax: number;
  readonly mailboxesMax: number;
  readonly mailboxMs: number;
  readonly noteBytesMax: number;
  readonly channelsMax: number;
  readonly handshakeMs: number;
  readonly pingAfterMs: number;
  readonly deadAfterMs: number;
  readonly unansweredAfterMs: number;
  readonly relayIdleMs: number;
  readonly headEveryMs: number;
  readonly retryAfterMsMax: number;
  readonly clockAheadMs: number;
}
