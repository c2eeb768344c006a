/** Bugs of spaces with access logs: the rulebook, the relay that enforces it, the peer that follows it. `cli/simulate-spaces.ts` hunts them. */
import { fromNowOnMutants } from "./from-now-on.ts";
import type { Mutant } from "./mutant.ts";

const keys = "packages/access/src/rules/keys.ts";
const invites = "packages/access/src/rules/invites.ts";
const authors = "packages/access/src/rules/authors.ts";
const effects = "packages/access/src/rules/effects.ts";
const judge = "packages/access/src/judge-entry.ts";
const relaySpace = "apps/relay/src/space.ts";
const space = "packages/peer/src/space/space.ts";
const spaces = "packages/peer/src/space/spaces.ts";
const acting = "packages/peer/src/space/acting.ts";
const actions = "packages/peer/src/space/actions.ts";
const duties = "packages/peer/src/space/duties.ts";
const keyRing = "packages/peer/src/space/key-ring.ts";
const membership = "packages/peer/src/space/log-membership.ts";
const envelopes = "packages/crypto/src/key-envelope.ts";
const makeCut = "packages/peer/src/space/make-cut.ts";
const documentKeys = "packages/peer/src/space/document-keys.ts";
const ownAccount = "packages/peer/src/account/own-account.ts";
const devices = "packages/peer/src/account/devices.ts";
const homeSync = "packages/peer/src/account/home-sync.ts";
const recovery = "packages/peer/src/account/recovery.ts";
const send = "packages/peer/src/engine/send.ts";
const document = "packages/peer/src/engine/document.ts";
const draft = "packages/access/src/state/draft.ts";

export const accessMutants: readonly Mutant[] = [
  {
    id: "new-key-for-the-removed-too",
    patches: [{ file: keys, find: `      .filter((member) => !gone.has(toText(member.accountId)))\n`, replace: `` }],
    bug: "A removal deals the new key out to everybody who was there before it, to the removed as well.",
    loss: "Somebody who was removed reads everything that is written later, if the relay helps.",
    expect: ["I9"],
  },
  {
    id: "removed-comes-back-by-a-link",
    patches: [{ file: invites, find: `?.gone === "removed" ? refusalFor`, replace: `?.gone === "never" ? refusalFor` }],
    bug: "An account that was removed may accept an invite like anybody else.",
    loss: "Somebody who was removed is in again, though no owner wanted it.",
    expect: ["I9"],
  },
  {
    id: "every-member-decides",
    patches: [
      {
        file: authors,
        find: `  return account !== undefined && isLiveDevice(account, signer) && roleOf(space, account.accountId) === "owner";`,
        replace: `  return account !== undefined && isLiveDevice(account, signer) && roleOf(space, account.accountId) !== undefined;`,
      },
    ],
    bug: "What owners alone may decide, everybody in the space may.",
    loss: "A viewer makes himself owner, and removes the others.",
    expect: ["I9", "I6"],
  },
  {
    id: "leaving-makes-no-key-due",
    patches: [
      {
        file: effects,
        find: `    expel(draft, account.accountId, "left");\n    draft.set({ rotationDue: true });`,
        replace: `    expel(draft, account.accountId, "left");`,
      },
    ],
    bug: "When somebody leaves no new key becomes due.",
    loss: "Who has left goes on reading, if the relay helps.",
    expect: ["I14"],
  },
  {
    id: "removal-leaves-links-open",
    patches: [
      { file: actions, find: `{ ...nobody, expelled: [accountId] }, "all-invites")`, replace: `{ ...nobody, expelled: [accountId] })` },
    ],
    bug: "A removal ends only the links that the removed account is known to have made or come by.",
    loss: "Somebody who was removed opens the new key with another link that was about.",
    expect: ["I9"],
  },
  {
    id: "fence-one-too-low",
    patches: [
      {
        file: acting,
        find: `[{ docId, seq: head.seq, chainHash: head.chainHash }]`,
        replace: `[{ docId, seq: 0, chainHash: head.chainHash }]`,
      },
    ],
    bug: "The fences of a cut stand at the beginning of every document.",
    loss: "Nobody who ever wrote can be removed: the relay refuses it for what it would make void.",
    expect: ["I14"],
  },
  {
    id: "first-record-comes-back-in-its-epoch-only",
    patches: [
      {
        file: relaySpace,
        find: `  const last = genesis === undefined ? lastPositionOf(state, epoch) : state.position;`,
        replace: `  const last = lastPositionOf(state, epoch);`,
      },
    ],
    bug: "A document's first record that comes back is judged at the last position of the epoch that it was sealed under.",
    loss: "After a rollback a document that was announced under a later key can never be written again.",
    expect: ["I14"],
  },
  {
    id: "lost-log-not-handed-back",
    patches: [{ file: space, find: `    await handBack(theirs.position + 1);`, replace: `    reopenLater();` }],
    bug: "A peer that finds the relay's access log too short keeps what is missing to itself.",
    loss: "After a rollback of the relay nobody trusts it any more, and nothing is sent.",
    expect: ["I14"],
  },
  {
    id: "entries-judged-before-their-operation",
    patches: [
      { file: membership, find: `    knows: (position) => position <= (space.state()?.position ?? 0),`, replace: `    knows: () => true,` },
    ],
    bug: "Entries are judged though the operation that they were admitted under was not read yet.",
    loss: "Words of somebody who has just been let in are set aside for good on other devices.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  {
    id: "rights-are-asked-once",
    patches: [
      {
        file: document,
        find: `  const unwatch = membership.watch(() => mailbox.post(onMembership));`,
        replace: `  const unwatch = (): void => {};`,
      },
    ],
    bug: "A document that is open does not hear that rights or keys have changed.",
    loss: "After a change of the key a document that is open stays behind until it is opened again.",
    expect: ["I14", "I12"],
  },
  {
    id: "old-keys-not-walked",
    patches: [
      { file: keyRing, find: `      for (let from = newest; from > 1; from--) {`, replace: `      for (let from = 0; from > 1; from--) {` },
    ],
    bug: "The keys of earlier epochs are not opened with the newest one.",
    loss: "Who comes later can't read what was written before.",
    expect: ["I12", "I14", "I3"],
  },
  {
    id: "sealed-anew-under-the-old-key",
    patches: [
      {
        file: send,
        find: `  return record?.ok !== true || record.value.header.epoch !== membership.currentEpoch();`,
        replace: `  return false;`,
      },
    ],
    bug: "A record that was refused because its key is an old one is never sealed anew.",
    loss: "What was on its way when the key changed is never sent.",
    expect: ["I14"],
  },
  {
    id: "documents-do-not-arrive",
    patches: [
      {
        file: spaces,
        find: `      takeDocuments(space, state);\n`,
        replace: ``,
      },
    ],
    bug: "Documents that others make in the space are not taken onto this device.",
    loss: "A member never sees a document that somebody else made.",
    expect: ["I14", "I12"],
  },
  {
    id: "no-envelope-for-who-came-by-a-link",
    patches: [
      {
        file: duties,
        find: `  if (due.length > 0 && acting.epochKey(settingsOf(state).epoch) !== undefined) return`,
        replace: `  if (due.length > 9 && acting.epochKey(settingsOf(state).epoch) !== undefined) return`,
      },
    ],
    bug: "Nobody seals the key for an account that came by a link.",
    loss: "That account's other devices can't read until the next change of the key.",
    expect: ["I14"],
  },
  {
    id: "documents-never-announced",
    patches: [
      {
        file: duties,
        find: `  if (writes(role) && missingDocument(state, acting) !== undefined) return`,
        replace: `  if (role === "viewer" && missingDocument(state, acting) !== undefined) return`,
      },
    ],
    bug: "Documents that were made on this device are not put into the space's log.",
    loss: "What is written in a new document never leaves the device.",
    expect: ["I14"],
  },
  {
    id: "void-beyond-any-fence",
    patches: [
      {
        file: judge,
        find: `  return fence !== undefined && claim.seq > fence ? err`,
        replace: `  return fence !== undefined && claim.seq >= fence ? err`,
      },
    ],
    bug: "The entry at the fence is void too.",
    loss: "The last words of somebody who is removed, or the removal itself, are refused.",
    expect: ["I14", "I2", "I12"],
  },
  {
    id: "operation-lost-on-the-way-is-forgotten",
    patches: [{ file: space, find: `    if (inFlight !== undefined) retry(inFlight);\n    changed();`, replace: `    changed();` }],
    bug: "An operation whose answer was lost is waited for for ever.",
    loss: "Nobody on this device can change anything in the space any more.",
    expect: ["I14"],
  },
  {
    id: "chain-of-content-keys",
    patches: [
      {
        file: makeCut,
        find: `sealOldEpochKey(next.given, spaceId, epoch, epochKey.given)`,
        replace: `sealOldEpochKey(next.given, spaceId, epoch, epochKey.content)`,
      },
    ],
    bug: "Under a new key the content key of the epoch before is sealed, and not its history key.",
    loss: "Who comes after two changes of the key can't read what was written before the first.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  {
    id: "history-readers-get-the-content-key",
    patches: [
      {
        file: envelopes,
        find: `to.reads === "history" ? epochKey.given : epochKey.content`,
        replace: `epochKey.content`,
      },
    ],
    bug: "Everybody gets the key that is for who reads from now on.",
    loss: "Who comes by a link to everything can't read what was written before the last change of the key.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  // ---- a relay that colludes
  {
    id: "peers-take-what-the-relay-shows",
    patches: [
      {
        file: membership,
        find: `      return state !== undefined && judgeEntry(state, { docId, seq, deviceId, epoch, position, positionBefore }).ok;`,
        replace: `      return state !== undefined && seq + epoch + position + positionBefore + deviceId.length + judgeEntry.length > 0;`,
      },
    ],
    bug: "What stands in a document's log counts: the relay will have checked it.",
    loss: "Viewers, and people who were removed, write in the document, if the relay helps.",
    expect: ["I8"],
  },
  {
    id: "backdated-counts",
    patches: [
      {
        file: judge,
        find: `  return fence !== undefined && claim.seq > fence ? err(refusalFor("beyond-fence")) : ok(true);`,
        replace: `  return fence !== undefined && claim.seq > fence + 1e9 ? err(refusalFor("beyond-fence")) : ok(true);`,
      },
    ],
    bug: "Fences of a removal are not looked at.",
    loss: "Somebody who was removed goes on writing under a date from before, if the relay helps.",
    expect: ["I8"],
  },
  {
    id: "everybodys-snapshot-counts",
    patches: [
      {
        file: judge,
        find: `  return role === "owner" ? ok(true) : refused("may-not-vouch");`,
        replace: `  return role !== undefined ? ok(true) : refused("may-not-vouch");`,
      },
    ],
    bug: "A snapshot counts, whoever wrote it.",
    loss: "An editor puts words into others' mouths, and newcomers believe it.",
    expect: ["I8", "I12"],
  },
  // ---- devices
  {
    id: "spaces-never-told-of-devices",
    patches: [
      {
        file: duties,
        find: `  if (isUntold(state, acting.account.state())) return (now) => news(now, acting);\n`,
        replace: `  if (role === "viewer" && isUntold(state, acting.account.state())) return (now) => news(now, acting);\n`,
      },
    ],
    bug: "Nobody but a viewer tells a space which devices an account has.",
    loss: "A second device reads nothing that is shared, and a stolen one reads on everywhere but at home.",
    expect: ["I14"],
  },
  {
    id: "new-account-key-not-learned",
    patches: [{ file: ownAccount, find: `        openKeys(bytes);\n        grown = true;`, replace: `        grown = true;` }],
    bug: "The new encryption key that comes with a revocation is not taken out of the account's log.",
    loss: "Whoever has revoked a device can't read anything any more.",
    expect: ["I14", "I17"],
  },
  {
    id: "cut-sealed-to-the-old-account-key",
    patches: [
      {
        file: makeCut,
        find: `    if (newKey !== undefined && bytesEqual(newKey.accountId, accountId)) return newKey.encryptionKey;\n`,
        replace: ``,
      },
    ],
    bug: "The cut that comes with a revocation is sealed to the encryption key that the revoked device has, too.",
    loss: "A stolen device opens the new key of every space that its account owns, if the relay helps.",
    expect: ["I9", "I17"],
  },
  {
    id: "home-not-told-of-spaces",
    patches: [
      {
        file: homeSync,
        find: `    } else if (space.isLive()) home.addSpace(space.spaceId, head);`,
        replace: `    } else if (space.isLive() && space.spaceId[0] === 0) home.addSpace(space.spaceId, head);`,
      },
    ],
    bug: "Hardly any space of the account is put into its home.",
    loss: "Other devices, and recovery words, lead to nothing that is shared.",
    expect: ["I14"],
  },
  {
    id: "words-without-their-note",
    patches: [
      {
        file: recovery,
        find: `added.ok && (await putNote(kit, payload.home.spaceId, payload)) && (await`,
        replace: `added.ok && (await`,
      },
    ],
    bug: "Recovery words are shown though the relay has not got the note that leads from them to the account.",
    loss: "Whoever has lost all devices finds that the words on paper are good for nothing.",
    expect: ["I14"],
  },
  {
    id: "device-that-nobody-knows-is-turned-away",
    patches: [
      {
        file: "apps/relay/src/introduction.ts",
        find: `  return isLiveDevice(account, deviceId) ? {`,
        replace: `  return isLiveDevice(known, deviceId) ? {`,
      },
    ],
    bug: "A relay turns a device away that the space does not know, whatever its account's log says.",
    loss: "Whoever has lost all devices gets the account back by recovery words, and nothing that is shared.",
    expect: ["I14"],
  },
  {
    id: "relay-shows-the-log-to-revoked-devices",
    patches: [
      {
        file: relaySpace,
        find: `  if (known !== undefined) return isLiveDevice(known, deviceId) ? known : undefined;`,
        replace: `  if (known !== undefined) return known;`,
      },
    ],
    bug: "A relay goes on showing a space's log to a device that was revoked.",
    loss: "A thief with a stolen device sees who comes and goes.",
    expect: ["I9"],
  },
  {
    id: "account-taken-on-before-it-is-let-in",
    patches: [
      {
        file: devices,
        find: `        if (valid === undefined || !(await admittedTo(payload.home)) || !mayJoin()) return false;`,
        replace: `        if (valid === undefined || !mayJoin()) return false;`,
      },
    ],
    bug: "A new device takes the account on before the account's log knows it.",
    loss: "If the other device dies at that moment, the new one is of an account that knows nothing of it.",
    expect: ["I9"],
  },
  {
    id: "later-account-keys-not-handed-over",
    patches: [{ file: devices, find: `        laterKeys: ready.account.laterKeys(),`, replace: `        laterKeys: [],` }],
    bug: "A new device gets the account's first encryption key only.",
    loss: "Whoever has ever revoked a device can never add one that can read.",
    expect: ["I14", "I17"],
  },
  // ---- guests
  {
    id: "earlier-keys-not-given",
    patches: [
      {
        file: documentKeys,
        find: `  for (let at = epoch - 1; at >= 1 && earlier.length < earlierKeysMax; at--) {`,
        replace: `  for (let at = epoch - 1; at >= epoch && earlier.length < earlierKeysMax; at--) {`,
      },
    ],
    bug: "Whoever gets one document gets its key of the epoch in use only.",
    loss: "A guest can't read what was written before the last change of the key.",
    expect: ["I12", "I14", "I2", "I3"],
  },
  {
    id: "cut-forgets-links-to-documents",
    patches: [
      {
        file: keys,
        find: `          !ended.has(toText(invite.inviteId)) &&`,
        replace: `          invite.docId === undefined &&\n          !ended.has(toText(invite.inviteId)) &&`,
      },
    ],
    bug: "A new key is not sealed to open links that lead to one document.",
    loss: "Whoever opens such a link after the next change of the key is turned away.",
    expect: ["I9"],
  },
  {
    id: "guests-get-no-new-key",
    patches: [
      {
        file: keyRing,
        find: `      for (const { accountId, docId, sealed } of grants) openDocument(`,
        replace: `      for (const { accountId, docId, sealed } of grants.slice(grants.length)) openDocument(`,
      },
    ],
    bug: "A guest's device does not open the envelope that a cut has for it.",
    loss: "After the next change of the key a guest reads nothing more.",
    expect: ["I14"],
  },
  {
    id: "own-acceptance-holds-no-key",
    patches: [
      {
        file: keyRing,
        find: `      if (docId !== undefined) openDocument(after, docId, body.account`,
        replace: `      if (docId === undefined) openDocument(after, after.history.spaceId as never, body.account`,
      },
    ],
    bug: "The keys that a guest has sealed for its own account when it came by a link are not opened.",
    loss: "A guest's second device, or the first after a restart, can't read the document.",
    expect: ["I12", "I14"],
  },
  {
    id: "second-link-to-a-document-ignored",
    patches: [
      {
        file: duties,
        find: `  return docId !== undefined && grantOf(state, me, docId) !== undefined;`,
        replace: `  return docId !== undefined && isHere(state, me);`,
      },
    ],
    bug: "Who has one document of a space already does not accept a link to another.",
    loss: "A guest waits for ever for the second document that somebody gave them.",
    expect: ["I14"],
  },
  {
    id: "taking-a-document-away-leaves-links-open",
    patches: [{ file: actions, find: `grant: { accountId, docId } }, { to: docId });`, replace: `grant: { accountId, docId } });` }],
    bug: "Taking a document away ends only the link that the guest came by.",
    loss: "A guest who lost a document opens its next key with another link that was about.",
    expect: ["I9"],
  },
  {
    id: "document-comes-back-by-a-link",
    patches: [
      {
        file: invites,
        find: `isGrantRevoked(space, body.account.accountId, docId) ? refusalFor`,
        replace: `isGrantRevoked(space, body.inviteId, docId) ? refusalFor`,
      },
    ],
    bug: "A document that was taken away may be accepted by a link like any other.",
    loss: "Somebody has a document again that an owner took away.",
    expect: ["I9"],
  },
  {
    id: "leaving-undoes-a-removal",
    patches: [{ file: draft, find: `    gone: member?.gone === "removed" ? "removed" : gone,`, replace: `    gone,` }],
    bug: "Somebody who was removed, and then given one document, counts as one who left when they leave that.",
    loss: "Somebody who was removed is back in the space by a link, though no owner wanted it.",
    expect: ["I9"],
  },
  {
    id: "removal-leaves-documents",
    patches: [
      {
        file: draft,
        find: `  for (const grant of grantsOf(draft.state, accountId)) draft.setGrant({ ...grant, role: undefined, revoked: gone === "removed" });\n`,
        replace: ``,
      },
    ],
    bug: "Who is removed, or leaves, keeps the documents that were given alone.",
    loss: "Somebody who was removed goes on reading and writing there.",
    expect: ["I9"],
  },
  {
    id: "guests-get-all-documents",
    patches: [
      {
        file: spaces,
        find: `        documentRights(state, identity.device.deviceId, docId).read &&`,
        replace: `        accountOfDevice(state, identity.device.deviceId) !== undefined &&`,
      },
    ],
    bug: "A guest's device puts every document of the space into its list.",
    loss: "Guests see how many documents there are, and none of them opens.",
    expect: ["I9"],
  },
  {
    id: "relay-turns-guests-away",
    patches: [
      {
        file: relaySpace,
        find: `    if (account !== undefined && isHere(state, account.accountId)) return true;`,
        replace: `    if (account !== undefined && roleOf(state, account.accountId) !== undefined) return true;`,
      },
    ],
    bug: "A relay shows a space's log to its members only.",
    loss: "Guests never hear of a new key, and what they write is not taken any more.",
    expect: ["I14"],
  },
  ...fromNowOnMutants,
];
