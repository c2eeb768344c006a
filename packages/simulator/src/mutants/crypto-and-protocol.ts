/** Bugs of sealing and of formats: nonces, plaintext where it must not be, checks that prove nothing. */
import type { Mutant } from "./mutant.ts";

const recordSeal = "packages/crypto/src/record-seal.ts";

export const cryptoMutants: readonly Mutant[] = [
  {
    id: "nonce-from-the-record-number",
    patches: [
      {
        file: recordSeal,
        find: `  const nonce = random.bytes(nonceBytes);`,
        replace: `  const nonce = new Uint8Array(nonceBytes);
  new DataView(nonce.buffer).setFloat64(0, header.n);`,
      },
    ],
    bug: "A record's nonce is its number, so two replicas use the same one under the same key.",
    loss: "Whoever has two such records learns the difference of their texts, and can forge.",
    expect: ["I13"],
  },
  {
    id: "presence-nonce-from-a-counter",
    patches: [
      {
        file: "packages/crypto/src/presence-seal.ts",
        find: `  const nonce = random.bytes(nonceBytes);`,
        replace: `  const nonce = random.bytes(nonceBytes).fill(0);
  new DataView(nonce.buffer).setFloat64(0, header.counter);`,
      },
    ],
    bug: "A presence message's nonce is a counter that begins anew with every start.",
    loss: "Cursors and names can be read by comparing messages.",
    expect: ["I13"],
  },
  {
    id: "local-nonce-from-the-place",
    patches: [
      {
        file: "packages/crypto/src/local-seal.ts",
        find: `  const nonce = random.bytes(nonceBytes);`,
        replace: `  const nonce = random.bytes(nonceBytes).fill(0);
  nonce.set(asciiBytes(context).subarray(-nonceBytes));`,
      },
    ],
    bug: "What a device stores is sealed under a nonce that follows from the place where it stands.",
    loss: "Whoever has two copies of a disk learns what changed between them.",
    expect: ["I13"],
  },
  {
    id: "record-not-sealed",
    patches: [
      {
        file: recordSeal,
        find: `  const ciphertext = encrypt(pad(encodeRecordBody(body), padmeBytesMin), headerBytes, nonce, key);`,
        replace: `  const tag = encrypt(new Uint8Array(), headerBytes, nonce, key);
  const ciphertext = Uint8Array.from([...pad(encodeRecordBody(body), padmeBytesMin), ...tag]);`,
      },
      {
        file: recordSeal,
        find: `  const padded = decrypt(record.ciphertext, record.headerBytes, record.nonce, key);
  if (!padded.ok) return padded;`,
        replace: `  const tag = decrypt(record.ciphertext.subarray(-16), record.headerBytes, record.nonce, key);
  if (!tag.ok) return tag;
  const padded = { value: record.ciphertext.slice(0, -16) };`,
      },
    ],
    bug: "Records are authenticated and not encrypted.",
    loss: "The relay, its disk and its operator read everything.",
    expect: ["I10"],
  },
  {
    id: "presence-not-sealed",
    patches: [
      {
        file: "packages/crypto/src/presence-seal.ts",
        find: `  const ciphertext = encrypt(pad(encodePresenceBody(body), presencePaddedBytesMin), headerBytes, nonce, key);`,
        replace: `  const tag = encrypt(new Uint8Array(), headerBytes, nonce, key);
  const ciphertext = Uint8Array.from([...pad(encodePresenceBody(body), presencePaddedBytesMin), ...tag]);`,
      },
      {
        file: "packages/crypto/src/presence-seal.ts",
        find: `  const padded = decrypt(envelope.ciphertext, envelope.headerBytes, envelope.nonce, key);
  if (!padded.ok) return padded;`,
        replace: `  const tag = decrypt(envelope.ciphertext.subarray(-16), envelope.headerBytes, envelope.nonce, key);
  if (!tag.ok) return tag;
  const padded = { value: envelope.ciphertext.slice(0, -16) };`,
      },
    ],
    bug: "Presence is authenticated and not encrypted.",
    loss: "The relay reads who is where in which document, by name.",
    expect: ["I10"],
  },
  {
    id: "update-in-a-log-line",
    patches: [
      {
        file: "packages/peer/src/engine/send.ts",
        find: `  if (unsent === undefined) return core.changed();`,
        replace: `  if (unsent === undefined) return core.changed();
  core.env.log("debug", "document.sealing", { update: new TextDecoder().decode(unsent.update) });`,
      },
    ],
    bug: "What is sealed is also written into the log, for debugging.",
    loss: "Bug reports carry people's texts.",
    expect: ["I10"],
  },
];
