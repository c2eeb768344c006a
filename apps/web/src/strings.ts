/**
 * Every word that the app shows. Plain words: device, server, people. A translation replaces this object. The Partition Lab's are in `lab/strings.ts`.
 *
 * Sentences about safety say only what is known: see `sync/sync-chip.ts` for when each may be shown.
 */
import type {
  Alarm,
  FormerMember,
  LesserRole,
  OpenLinkError,
  PairingError,
  PairingRole,
  PairingStatus,
  RestoreResult,
  Role,
  SpaceError,
  SpaceInvite,
} from "./client.ts";
import type { CameraProblem } from "./platform/camera.ts";

const number = new Intl.NumberFormat();

const changes = (count: number): string => (count === 1 ? "1 change" : `${number.format(count)} changes`);
const seconds = (count: number): string => `${number.format(count)} s`;

/** Codes come from servers: `toString` is not one of ours. */
const textOf = <Text>(texts: Readonly<Record<string, Text>>, code: string): Text | undefined =>
  Object.hasOwn(texts, code) ? texts[code] : undefined;

export interface AlarmText {
  readonly what: string;
  readonly safe: string;
  readonly todo: string;
}

const stillHere = "Your text on this device is complete and you can go on writing.";
const leftOut = "It was left out. Everything else in the document is untouched.";

export const alarmTexts: Readonly<Record<Alarm["kind"], AlarmText>> = {
  rollback: {
    what: "The server shows an older version of this document than it showed before. It may have been restored from an old backup.",
    safe: `${stillHere} Your device gives the server back what it lost, where it can.`,
    todo: "Tell whoever runs the server. Compare with the others before you rely on the newest text.",
  },
  fork: {
    what: "The server has shown different people different versions of this document.",
    safe: stillHere,
    todo: "Tell the others by another way, such as a call, and compare what you see. Tell whoever runs the server.",
  },
  "bad-chain": {
    what: "Something was missing, changed or out of order in what the server sent.",
    safe: `It was not used. ${stillHere}`,
    todo: "Nothing for now. If it happens again, tell whoever runs the server.",
  },
  "bad-signature": {
    what: "A change arrived that was not written by the device it claims to be from.",
    safe: leftOut,
    todo: "If it happens again, tell whoever runs the server.",
  },
  "foreign-client-id": {
    what: "Someone tried to write in another person's name.",
    safe: leftOut,
    todo: "Talk to the people who share this document.",
  },
  undecryptable: {
    what: "A change arrived that this device can't read.",
    safe: leftOut,
    todo: "Its author may have used a broken app or another key. Ask them to open the document again.",
  },
  malformed: {
    what: "A change arrived that makes no sense.",
    safe: leftOut,
    todo: "Its author may be using a broken or newer app. Ask them to update it.",
  },
  oversized: {
    what: "A change arrived that is far too large.",
    safe: leftOut,
    todo: "Ask its author to put very large content somewhere else.",
  },
  "author-fork": {
    what: "One device sent two different versions of the same change. Its storage may have been copied.",
    safe: stillHere,
    todo: "If one of your devices was copied or restored from a backup, remove the copy.",
  },
  "wrong-genesis": {
    what: "The server has a different document under this address than the one that was shared with you.",
    safe: "Nothing of it was used.",
    todo: "Ask for a new link, and tell whoever runs the server.",
  },
  "relay-key-changed": {
    what: "The server has another identity than before. It may have been set up again, or it may be another server.",
    safe: `It still can't read anything. ${stillHere}`,
    todo: "Ask whoever runs the server whether it was set up again.",
  },
  "not-allowed": {
    what: "A change arrived from a device that may not change this document.",
    safe: leftOut,
    todo: "Look at what was set aside, and talk to the people who share this document.",
  },
  diverged: {
    what: "Another device has received the same changes and yet shows a different text.",
    safe: "Nothing was deleted on either device.",
    todo: "Download the text below, compare it with the other person's, and tell us: this is a fault in Skerry.",
  },
};

const refusalTexts: Readonly<Record<string, string>> = {
  "storage-full": "The server's disk is full. Your changes are kept on this device and are sent when there is room.",
  "storage-failed": "The server could not write to its disk. Your changes are kept on this device and are sent again by themselves.",
  "rate-limited": "A lot was sent in a short time. The rest follows by itself.",
  "damaged-log": "The server's copy of this document is damaged. Your copy is not. Tell whoever runs the server.",
  "not-allowed": "The server does not let this device read or change this document any more. Your changes are kept on this device.",
  "stale-epoch": "The keys of this document were changed. Your changes are kept on this device and are sent when the new key is here.",
  "too-large": "A change is larger than the server accepts. It is kept on this device. Try adding large text in smaller pieces.",
  "too-many-channels": "Too many documents are open at once. Close some of them.",
};

/** What a link gives to whoever opens it. */
export interface LinkGives extends Pick<SpaceInvite, "role" | "scope" | "reads" | "needsPassphrase"> {
  /** Documents in the space. */
  readonly documents: number;
}

export interface LinkRefusalText {
  readonly title: string;
  readonly todo: string;
}

const askAgain = "Ask whoever shared the document for a new link.";

/** Why a link does not let somebody in, by the rulebook's word. */
const linkRefusalTexts: Readonly<Record<string, LinkRefusalText>> = {
  "invite-expired": { title: "This link has expired", todo: `It was good for a limited time. ${askAgain}` },
  "invite-used-up": { title: "This link has been used up", todo: `It was good for a limited number of people. ${askAgain}` },
  "invite-ended": { title: "This link lets nobody in any more", todo: `It was taken back. ${askAgain}` },
  "no-such-invite": { title: "This link lets nobody in", todo: `It may have been taken back. ${askAgain}` },
  // To a link that is no longer open the server says no more than this.
  "not-allowed": { title: "This link does not let you in", todo: `It may have been taken back, or used up. ${askAgain}` },
  "was-removed": {
    title: "You were removed from this document",
    todo: "A link can't bring you back. Talk to whoever owns the document.",
  },
  "space-full": { title: "This document is full", todo: "As many people are in it as there can be. Talk to whoever owns it." },
};

/** The same for a link with a passphrase, where that may be why. */
const passphraseRefusalTexts: Readonly<Record<string, LinkRefusalText>> = {
  "not-allowed": {
    title: "You were not let in",
    todo: "The passphrase may be wrong, or the link has ended: it may have expired, been taken back, or been used up. The server does not say which.",
  },
  // The invite was seen, and has another key.
  "bad-proof": { title: "You were not let in", todo: "The passphrase is wrong." },
};

const linkRefusalFallback: LinkRefusalText = {
  title: "The server did not let you in",
  todo: `It did not say why in words that this version knows. ${askAgain}`,
};

const onlyHere = "What you write is safe on this device, and nobody else has it yet.";
const tokenWanted: LinkRefusalText = {
  title: "This server asks for an access token",
  todo: `Whoever has it may make documents here that can be shared. ${onlyHere} Ask the people who run the server for the token.`,
};

/** Why the server does not take a document that was made here, by its own word (AL-6). */
const ownRefusalTexts: Readonly<Record<string, LinkRefusalText>> = {
  "token-wanted": tokenWanted,
  "wrong-token": tokenWanted,
  "not-listed": {
    title: "You are not on this server's list yet",
    todo: `The people who run it decide who may make documents here that can be shared. ${onlyHere} Send them the id of your account: once it is on their list, this document goes to the server by itself.`,
  },
};

const ownRefusalFallback: LinkRefusalText = {
  title: "This document can't be shared",
  todo: "This server does not let you make documents that can be shared. What you write stays on this device, and nobody else has it.",
};

const tokenProblemTexts: Readonly<Record<string, string>> = {
  "wrong-token": "The server does not know this token. Compare it with the one that you were given: capitals count.",
  "too-long": "This is longer than any access token. Copy just the token.",
};

const outdatedText = "This space uses something that this version does not know. Reload or update Skerry to change it.";
const goneText = "Somebody else was faster: this has changed meanwhile. Look at the list again.";
const linkEndedText = "That link is not good any more.";

const homeTokenText =
  "This server asks for an access token before it keeps anything of yours. Make a document, give the token there, and try again.";

/** Why an action on people or links was not taken, by the rulebook's word. */
const actionRefusalTexts: Readonly<Record<string, string>> = {
  "token-wanted": homeTokenText,
  "wrong-token": homeTokenText,
  "not-listed":
    "The people who run this server decide who may keep anything of their own here, and you are not on their list yet. Make a document: it shows the id of your account to send to them.",
  stale: "Somebody else changed something at the same moment, and nothing of yours was done. Try again.",
  gap: "Somebody else changed something at the same moment, and nothing of yours was done. Try again.",
  "last-owner": "A document needs an owner. Make somebody else owner first.",
  "not-an-owner": "Only owners can do that.",
  "invite-expired": linkEndedText,
  "invite-used-up": linkEndedText,
  "invite-ended": linkEndedText,
  "no-such-invite": linkEndedText,
  "was-removed": "This person was removed before and can't come back by a link.",
  "space-full": "There is no room for more. Take back a link or remove somebody first.",
  "no-such-member": goneText,
  "not-prepared":
    "Nothing was changed: this person reads from now on, and not all documents are prepared for them yet. Your devices do that while they are connected. Try again in a moment.",
  "already-granted": goneText,
  "no-such-grant": goneText,
  "already-member": goneText,
  "same-role": goneText,
  "nothing-to-leave": goneText,
  "unknown-operation": outdatedText,
  "newer-version": outdatedText,
  "space-read-only": outdatedText,
  "passphrase-empty": "No link was made: the passphrase is empty.",
  "passphrase-too-long": "No link was made: the passphrase is too long. About 1,000 letters are the most.",
};

const actionErrorTexts: Readonly<Record<SpaceError, string>> = {
  offline: "Nothing was changed, as far as this device knows: the server did not answer. Try again when you are connected.",
  "not-allowed": "The server did not allow that. Nothing was changed.",
  refused: "The server did not take that. Nothing was changed.",
  "not-shared": "This document is shared by a link that can't be taken back; it has no list of people.",
};

const roleTexts: Readonly<Record<Role, string>> = {
  owner: "Owner",
  editor: "Can edit",
  commenter: "Can comment",
  viewer: "Can view",
};

const people = (count: number): string => (count === 1 ? "1 person" : `${number.format(count)} people`);
const days = (count: number): string => (count === 1 ? "1 day" : `${number.format(count)} days`);

const unsentLost = (count: number): string =>
  count === 0 ? "" : `${changes(count)} ${count === 1 ? "was" : "were"} never sent; nobody else has ${count === 1 ? "it" : "them"}.`;

const tries = (count: number): string => (count === 1 ? "1 try" : `${number.format(count)} tries`);
const spaces = (count: number): string => (count === 1 ? "1 of your spaces has" : `${number.format(count)} of your spaces have`);

export interface PairingEndText {
  readonly title: string;
  readonly body: string;
}

const nothingGiven = "Nothing was given away.";
const trustedNetwork = "Try again on a network that you trust.";

/** What cannot be an accident of the network is told as what it may be: somebody in between. */
const pairingMeddled: PairingEndText = {
  title: "The devices could not be paired",
  body: `Something between the two devices changed the messages. ${nothingGiven} ${trustedNetwork}`,
};

const pairingRejected: PairingEndText = {
  title: "The two devices showed different things",
  body: `Somebody may be in between. ${nothingGiven} ${trustedNetwork}`,
};

/** What the server said no to. */
const pairingUnmet: PairingEndText = {
  title: "The two devices did not meet",
  body: `The server did not bring them together: the code may be too old, or another device took it first. ${nothingGiven} Try again with a new code.`,
};

const pairingFailureTexts: Readonly<Record<string, PairingEndText>> = {
  rejected: pairingRejected,
  malformed: pairingMeddled,
  "unexpected-message": pairingMeddled,
  "wrong-commitment": pairingMeddled,
  "weak-key": pairingMeddled,
  reflected: pairingMeddled,
  undecryptable: pairingMeddled,
};

const pairingFailureText = (failure: string): PairingEndText => textOf(pairingFailureTexts, failure) ?? pairingUnmet;

const pairingEndTexts: Readonly<Record<Extract<PairingStatus, { readonly at: "ended" }>["reason"], PairingEndText>> = {
  "too-many-tries": {
    title: "That was the last of three tries",
    body: `${nothingGiven} Begin again on both devices.`,
  },
  expired: {
    title: "The five minutes are over",
    body: "Begin again on both devices. If you said before that both show the same, look at the list of devices first.",
  },
  used: {
    title: "This has been used already",
    body: "It puts one device into an account, once. Look at the list of devices, and begin again if the device is not in it.",
  },
  closed: {
    title: "Adding a device was stopped",
    body: "It was closed here or in another tab. Begin again on both devices. If you said before that both show the same, look at the list of devices first.",
  },
  "not-added": {
    title: "The device was not added",
    body: "The two devices agreed, but the server did not take the new one. Look at the list of devices, and begin again on both devices.",
  },
};

const pairingErrorTexts: Readonly<Record<PairingError, Readonly<Record<PairingRole, string>> | string>> = {
  "code-empty": "Type the code that the other device shows.",
  "code-not-a-code": "This is not a code for adding a device. It has only letters and digits, in groups of five.",
  "code-wrong-length": "Something is missing, or there is too much. Compare it with the other device, group by group.",
  "code-mistyped": "There is a typing mistake in it. Compare it with the other device, group by group.",
  "code-newer-version": "This code comes from a newer Skerry. Reload this page, and try again.",
  "same-role": {
    old: "The other device wants to add a device, too. Choose “Use your account here” there.",
    new: "The other device wants to be added, too. Choose “Add a device” there.",
  },
  "not-now": "That is not possible right now, and nothing was done. Go back and begin again.",
  "may-not-join":
    "This browser already has documents that belong to an account of its own. Use a browser profile without documents, or share these documents with your other account and remove them here first.",
};

/** Why there is no picture, and what can be done without. */
const cameraProblems = (instead: string): Readonly<Record<CameraProblem, string>> => ({
  unsupported: `This browser can't read codes with the camera: ${instead}.`,
  denied: `The camera may not be used here. Allow it in the browser's settings, or ${instead}.`,
  none: `No camera was found: ${instead}.`,
  failed: `The camera did not start; another app may be using it. Close that, or ${instead}.`,
});

const nothingChangedHere = "Nothing was changed here.";

/** Why recovery words did not bring an account back. `at`: the word's number, from 0, or how many there were. */
const restoreErrorTexts: Readonly<Record<Extract<RestoreResult, { readonly ok: false }>["error"], (at: number) => string>> = {
  "words-empty": () => "Type the 24 words from your paper.",
  "words-unknown": (at) => `Word ${number.format(at + 1)} is not one of the 2,048 words. Check its spelling.`,
  "words-count": (at) =>
    at < 24
      ? `${at === 1 ? "There is only 1 word" : `There are only ${number.format(at)} words`}; it takes 24.`
      : `There are ${number.format(at)} words; it takes 24, each of them once.`,
  "words-mistyped": () =>
    "These are all words that there are, but they don't fit together: one of them is wrong, or two have changed places. Compare them with your paper.",
  "not-found": () =>
    "The server knows no account with these words. Newer words may have replaced them, or they belong to another server: its address is on your paper.",
  "newer-version": () => "A newer Skerry made these words. Reload this page, and try again.",
  "not-added": () => `Your account was found, but this device did not get into it. ${nothingChangedHere} Try again.`,
  offline: () => `The server did not answer. ${nothingChangedHere} Try again when you are connected.`,
  "may-not-join": () => "This browser already has documents that belong to an account of its own. Use a browser profile without documents.",
};

export const linkErrorTexts: Readonly<Record<OpenLinkError, { readonly title: string; readonly todo: string }>> = {
  empty: {
    title: "This link has no key in it",
    todo: "A share link has a long part after the # sign. Ask for the link again, and copy all of it.",
  },
  truncated: {
    title: "This link is not complete",
    todo: "Some of its characters are missing or were changed on the way. Ask for it again, and copy all of it.",
  },
  "newer-version": {
    title: "This link comes from a newer Skerry",
    todo: "Reload this page to get the newest version. If that does not help, the server needs an update.",
  },
  "not-a-link": {
    title: "This is not a Skerry link",
    todo: "A share link looks like an address with /s# and a long line of letters and digits. Ask for it again.",
  },
  "passphrase-needed": {
    title: "This link needs a passphrase",
    todo: "Type the passphrase that you were told.",
  },
  "passphrase-too-long": {
    title: "That is longer than a passphrase can be",
    todo: "Type the passphrase alone, without the link or anything else around it.",
  },
  "passphrase-failed": {
    title: "The passphrase could not be worked with on this device",
    todo: "A part of Skerry could not be loaded, or memory is short. Nothing was changed: when you are connected, reload this page and open the link again.",
  },
};

export const strings = {
  app: { name: "Skerry", home: "Skerry, all documents", loading: "Opening…" },
  pageTitles: { home: "Documents · Skerry", document: "Document · Skerry", link: "Open a link · Skerry", problem: "Problem · Skerry" },

  home: {
    heading: "Documents",
    create: "New document",
    creating: "Creating…",
    list: "Documents on this device",
    untitled: "Untitled",
    emptyTitle: "Your island is empty",
    empty:
      "Documents live here, on this device, and you can write in them with or without a connection. Share one with a link, and everyone's changes flow together whenever they are in reach; the server in between can't read a word.",
    changed: (when: string): string => `Changed ${when}`,
    unsent: "Not sent yet",
    remove: (title: string): string => `Remove “${title}” from this device`,
    createFailed: "The document could not be created, because this browser's storage did not accept it. Free some space and try again.",
    offline: "No connection to the server. Everything here still works; changes are sent when it is back.",
    connecting: "Connecting to the server…",
    refused: "The server does not accept this device. Your documents here still work.",
    online: "Connected to the server",
    lab: "Partition Lab",
    labHint: "cut links and break the server, in a simulation",
  },

  openLink: {
    label: "Open a link",
    hint: "Paste a link that someone shared with you.",
    placeholder: "https://…/s#…",
    button: "Open",
    opening: "Opening the link…",
    tryAgain: "Or paste it here",
  },

  /** A link that is good together with a passphrase only. */
  passphrase: {
    show: "Show the passphrase",
    hide: "Hide the passphrase",
    showShort: "Show",
    hideShort: "Hide",
    open: {
      title: "This link needs a passphrase",
      label: "Passphrase",
      hint: "Whoever shared the document tells it to you, another way than the link. Nobody can look it up or reset it.",
      button: "Continue",
      working: "Working with the passphrase…",
      missing: "Type the passphrase.",
      another: "Or paste another link here",
    },
  },

  remove: {
    title: "Remove from this device?",
    body: (title: string): string =>
      `“${title}” disappears from this device. Others who have it keep theirs, and a share link can bring it back.`,
    unsent: "It has changes that have not reached the server. They exist only on this device and will be lost for good.",
    confirm: "Remove",
    confirmUnsent: "Remove and lose changes",
  },

  name: {
    heading: "What should people call you?",
    label: "Your name",
    hint: "People you share documents with see it beside your cursor. The server never does.",
    button: "Continue",
    sharedHint: "Then you are in the document.",
    missing: "Type a name, or just an initial.",
  },

  settings: {
    open: "Settings",
    title: "Settings",
    name: "Your name",
    nameHint: "People you share documents with see it. The server never does.",
    saved: "Saved",
    save: "Save",
    appearance: "Appearance",
    system: "As the device",
    light: "Light",
    dark: "Dark",
    secret: "Your keys were made in this browser and never leave it unsealed. Clearing this site's data removes them.",
    devices: "Devices",
    devicesHint: "Work on the same documents on your phone and your computer, and lock out a device that was lost.",
    openDevices: "Devices…",
  },

  common: { cancel: "Cancel", close: "Close", tryNow: "Try now", reload: "Reload", toDocuments: "All documents", dismiss: "Dismiss" },

  document: {
    title: "Title",
    titlePlaceholder: "Untitled",
    editor: "Text of the document",
    placeholder: "Write…",
    share: "Share",
    download: "Download the text",
    readOnly:
      "This document has parts that this version of Skerry can't show. You can read the rest, but not change it here, so nothing gets damaged.",
    newerFormat: "This document was made with a newer Skerry. You can read it here; reload or update to change it.",
  },

  people: {
    button: (count: number): string => (count <= 1 ? "Only you are here" : `${number.format(count)} people are here`),
    heading: "Who is here",
    you: "You",
    unnamed: "Someone",
    windows: (count: number): string => `in ${number.format(count)} windows`,
    alone: "Nobody else has this document open right now.",
  },

  phases: {
    loading: "Opening the document…",
    fetchingTitle: "Fetching the document…",
    fetching: "It comes from the server now, and is then kept on this device.",
    waitingTitle: "Waiting for the server",
    waiting:
      "This document is not on this device yet, and the server can't be reached. It opens by itself as soon as there is a connection.",
    unpreparedTitle: "Waiting for an owner's device",
    unprepared:
      "You were let in to read from now on, without what was deleted before. So a device of somebody who owns this document has to prepare it for you first.",
    unpreparedSafe:
      "You are in, and nothing is lost, also if you close this page. The document opens by itself when such a device is online.",
    unpreparedTodo: "Ask the person who invited you to open Skerry.",
    unpreparedOffline:
      "The server can't be reached. When there is a connection, this document still waits for a device of somebody who owns it; then it opens by itself.",
    missingTitle: "Not on the server yet",
    missing:
      "The server does not have this document. Whoever shared it may not have been online since: leave this page open and it appears when they are, or ask them.",
    failedTitle: "This document could not be opened",
    failed: "This device's copy of it can't be read. Reload the page; if that does not help, open its share link again.",
    unknownTitle: "This document is not on this device",
    unknown: "An address alone can't open a document: the key to read it is in the share link. Paste the link here, or ask for one.",
  },

  share: {
    title: "Share this document",
    body: "Anyone with this link can read and change it. The server cannot.",
    label: "Link",
    copy: "Copy link",
    copied: "Copied",
    copyFailed: "Copying was not allowed. The link is selected: copy it with your keyboard.",
    later: "Will work for others once synced: the server does not have this document yet.",
    pending: (count: number): string => `${changes(count)} on this device have not reached the server and follow when they can.`,
    failed: "The link could not be made, because the document is not on this device.",
    care: "Send it only to people you trust with the document. A link can't be taken back yet.",
  },

  /** People, links and roles of a document whose sharing can be taken back. */
  space: {
    lead: "Whoever opens a link that you make here joins the people below. The server can't read a word.",
    you: "You",
    unnamed: "Name not known yet",
    roles: roleTexts,
    roleOf: (name: string): string => `Role of ${name}`,
    yourRole: {
      owner: "You own this document.",
      editor: "You can edit this document. Its owners decide who is here.",
      commenter: "You can view this document. Its owners decide who is here.",
      viewer: "You can view this document. Its owners decide who is here.",
    } satisfies Readonly<Record<Role, string>>,
    back: "Back",
    waiting: "Waiting for the server…",
    problem: (error: SpaceError, reason: string): string =>
      (error === "refused" || error === "not-allowed" ? textOf(actionRefusalTexts, reason) : undefined) ?? actionErrorTexts[error],
    unknownOutcome: "Something went wrong, and this page does not know whether it was done. Look at the list, then try again.",

    invite: {
      heading: "Make a link",
      role: "Whoever opens it",
      roles: { editor: "Can edit", viewer: "Can view" },
      lasts: "Good for",
      days,
      uses: "For",
      people,
      scope: "It opens",
      scopes: { space: "Everything here", document: "Only this document" },
      reads: "What they can read",
      readsChoices: { history: "All versions", "from-now-on": "From now on" },
      readsHints: {
        history: "Their devices get all that was ever written here, also what was deleted since.",
        "from-now-on":
          "They get the documents as they are now, and what comes after. What was deleted before stays hidden from them. Your devices prepare the documents for them, so keep one of yours online until they have come in.",
      },
      protect: "Also ask for a passphrase",
      passphrase: "Passphrase",
      passphraseHint: "Tell it to them another way, not beside the link. We cannot reset it, and it is not shown again.",
      passphraseShort: "Use at least 8 characters. Several words that have nothing to do with each other are good.",
      create: "Create link",
      creating: "Making the link. The server has to agree…",
      created: "The link is ready.",
      label: "Link",
      is: ({ role, scope, reads, needsPassphrase, documents }: LinkGives): string =>
        `Anyone with this link${needsPassphrase ? " and the passphrase" : ""} can ${role === "editor" ? "read and change" : "read"} ${
          scope === "document"
            ? documents > 1
              ? "this document, and nothing else here"
              : "this document"
            : scope === "other-document"
              ? "another document, and nothing else here"
              : documents > 1
                ? `all ${number.format(documents)} documents here, and those that come`
                : "the document"
        }${reads === "from-now-on" ? ", but nothing that was deleted before the link was made" : ""}.`,
      copy: "Copy link",
      copied: "Copied",
      later: "Links can be made once the server has been reached. Until then this document is on this device only.",
    },

    links: {
      heading: "Open links",
      until: (when: string): string => `until ${when}`,
      passphrase: "with a passphrase",
      left: (count: number): string => (count === 1 ? "for 1 more person" : `for ${number.format(count)} more people`),
      copy: "Copy",
      copied: "Copied",
      revoke: "Revoke",
      which: (text: string): string => ` the link: ${text}`,
      hint: "A revoked link lets nobody in any more. Who came by it stays until you remove them.",
      elsewhere: "Made on another device, which alone can show it",
      scopes: { space: "", document: "only this document", "other-document": "only another document" },
      reads: { history: "", "from-now-on": "from now on" },
      revoked: "The link is revoked. It lets nobody in any more.",
    },

    members: {
      heading: (count: number): string => `People · ${number.format(count)}`,
      verified: "Verified",
      commenterHint: "There are no comments yet: this is viewing, for now.",
      reads: { "from-now-on": "Without earlier versions" },
      compare: "Compare safety number…",
      remove: "Remove…",
      makeOwner: "Make owner…",
      leave: "Leave…",
      /** Follows a button's words, for those who hear it without the line it stands in. */
      whom: (name: string): string => ` (${name})`,
      roleChanged: (name: string, role: Role): string => `${name}: ${roleTexts[role]}.`,
    },

    documents: {
      heading: (count: number): string => `Documents with these people · ${number.format(count)}`,
      hint: "These have the same people: who joins one is in all of them.",
      hintOne: "A document that you make here has the same people.",
      create: "New document with these people",
      more: (count: number): string => `${number.format(count)} more are in the list of documents.`,
      all: (count: number): string => `This is about all ${number.format(count)} documents that have these people.`,
    },

    guests: {
      heading: (count: number): string => `Only this document · ${number.format(count)}`,
      hint: "They have this document and nothing else here.",
      yours: {
        editor: "You can edit this document. It was given to you alone, without what else its people have; its owners decide who is here.",
        commenter:
          "You can view this document. It was given to you alone, without what else its people have; its owners decide who is here.",
        viewer: "You can view this document. It was given to you alone, without what else its people have; its owners decide who is here.",
      } satisfies Readonly<Record<LesserRole, string>>,
      takeAway: "Take away…",
      title: (name: string): string => `Take this document away from ${name}?`,
      body: (name: string): string =>
        `${name} loses access to it at once, and can't read anything that is written from then on. What is on their devices already stays there.`,
      links: "Open links to this document alone end too, since they may know one.",
      confirm: "Take away",
      done: (name: string): string => `${name} has no access to this document any more.`,
    },

    remove: {
      title: (name: string): string => `Remove ${name}?`,
      body: (name: string): string =>
        `${name} loses access at once, and can't read anything that is written from then on. What is on their devices already stays there.`,
      links: "All open links end too, since they may know one. Make new ones for the others.",
      confirm: "Remove",
      done: (name: string): string => `${name} was removed.`,
    },

    former: {
      heading: "No longer here",
      removed: "Removed",
      left: "Left",
      readmit: "Let back in…",
      title: (name: string): string => `Let ${name} back in?`,
      body: (name: string): string => `${name} can then read everything here, also what was written meanwhile.`,
      bodyOfDocument: (name: string): string =>
        `${name} can then read this document, also what was written meanwhile, and nothing else here.`,
      legend: "They",
      scope: "To",
      confirm: "Let back in",
      done: (name: string): string => `${name} is in again.`,
    },

    makeOwner: {
      title: (name: string): string => `Make ${name} an owner?`,
      body: (name: string): string =>
        `Owners decide who is here: they make links, change what people may do, and remove people. ${name} could then remove you, too.`,
      legend: "And you?",
      both: "I stay an owner",
      handOver: "I hand over, and can edit",
      confirm: "Make owner",
      done: (name: string): string => `${name} is an owner now.`,
      handedOver: (name: string): string => `${name} is the owner now. You can edit.`,
    },

    leave: {
      title: "Leave this document?",
      body: "You lose access at once. What is on this device stays here, but nothing new arrives. To come back you need a link.",
      unsent: (count: number): string =>
        `${changes(count)} on this device ${count === 1 ? "has" : "have"} not been sent. Nobody else gets ${count === 1 ? "it" : "them"} after you leave.`,
      confirm: "Leave",
      onlyOwner: "You are its only owner, and a document needs one. Make somebody else owner first; then you can leave.",
      alone: "Nobody else is here who could own it. To get rid of it, remove it from this device in the list of documents.",
    },

    safety: {
      title: (name: string): string => `Compare with ${name}`,
      how: (name: string): string =>
        `Meet or call ${name}, and compare these numbers with those that their device shows beside your name. If all of them agree, nobody sits between you; if one does not, tell each other nothing secret here.`,
      number: "Safety number",
      loading: "Working out the number…",
      none: "There is no number to compare: this person is not here any more.",
      match: "They match",
      verified: "You have compared it on this device, and the numbers agreed.",
      unverify: "Not sure any more",
      done: (name: string): string => `${name} is verified on this device.`,
      undone: (name: string): string => `${name} is not verified any more.`,
    },

    keys: {
      more: "More",
      heading: "Keys",
      body: "Everybody who is here gets a new key, and what is written from then on can't be read with an old one.",
      changedAt: (when: string): string => `Last changed ${when}.`,
      due: "Somebody who knows the key in use has left, or a link was taken back. Change the keys, so that nothing new can be read with it.",
      dueForOthers:
        "Somebody who knows the key in use has left, or a link was taken back. An owner's device makes a new key when it is connected.",
      change: "Change the keys",
      done: "The keys were changed.",
    },

    standing: {
      joining: "You are being let in. The people appear here when the server has agreed.",
      outdated: outdatedText,
    },

    joining: {
      title: "You are being let in",
      body: "The server looks at the link now. The document then comes from it and is kept on this device.",
    },

    refused: {
      /** `passphraseGiven`: the link needs one, and somebody typed one. */
      link: (reason: string, passphraseGiven: boolean): LinkRefusalText =>
        (passphraseGiven ? textOf(passphraseRefusalTexts, reason) : undefined) ?? textOf(linkRefusalTexts, reason) ?? linkRefusalFallback,
      openAgain: "To try another passphrase, open the link again.",
      own: (reason: string): LinkRefusalText => textOf(ownRefusalTexts, reason) ?? ownRefusalFallback,
    },

    /** Where the server's operator decides who may make documents that can be shared. */
    access: {
      token: {
        label: "Access token of this server",
        hint: "You give it once. It is kept on this device, sealed.",
        button: "Use token",
        missing: "Type the token that you were given.",
        asking: "Asking the server…",
        later: "The server did not answer. The token is kept on this device, and tried as soon as it does.",
        problem: (reason: string): string =>
          textOf(tokenProblemTexts, reason) ?? "The server did not take that, and did not say why in words that this version knows.",
      },
      account: {
        label: "Your account's id",
        hint: "It opens nothing, and is no secret.",
        copy: "Copy id",
        copied: "Copied",
        copyFailed: "Copying was not allowed. The id is selected: copy it with your keyboard.",
      },
      taken: "The server takes your documents now. This one can be shared.",
    },

    notes: {
      view: "You can view this document.",
      outdated: outdatedText,
      notNow: "You can read this document, but not change it from this device right now.",
      writable: "You can change this document now.",
      removedTitle: "You were removed from this document",
      leftTitle: "You left this document",
      ended: (unsent: number): string => `What is on this device stays here, and nothing new arrives. ${unsentLost(unsent)}`.trim(),
      endedEmpty: "Nothing of it is on this device, and nothing will come.",
      distrustedTitle: "The server shows another list of people than before",
      distrusted:
        "It may have been put back to an old state, or somebody tampers with it. Nothing is sent until that is resolved, and what is on this device is safe. Ask the others by another way who is here, and tell whoever runs the server.",
    },
  },

  /** The devices of one account, and how another one gets in. */
  devices: {
    title: "Devices",
    lead: "These devices have your account: each reads and writes everything that you can.",
    list: "Your devices",
    loading: "Looking…",
    unnamed: "Unnamed device",
    unnamedNew: "The new device",
    thisDevice: "This device",
    neverSeen: "Not seen yet",
    seenLately: "Seen in the last two hours",
    seen: (when: string): string => `Last seen ${when}`,
    untold: (count: number): string => `${spaces(count)} not been told yet; it happens as soon as the server answers.`,
    add: "Add a device…",
    revokedHeading: "Revoked",
    revokedRow: "Has no access any more",
    revokedThis: "This device, which has no access any more",
    leadRevoked: "These are the account's devices, as far as this one knows.",

    rename: {
      button: "Rename…",
      title: (name: string): string => `Rename ${name}`,
      label: "Name of the device",
      hint: "Your other devices see it. The server never does.",
      save: "Save",
      missing: "Type a name, such as “Phone”.",
      done: (name: string): string => `The device is called ${name} now.`,
    },

    revoke: {
      button: "Revoke…",
      title: (name: string): string => `Revoke ${name}?`,
      body: "It loses access at once. What it already has, it keeps; it can read nothing that is written from now on.",
      stolen:
        "Was it stolen? Whoever can unlock it can read what is on it. Change passwords that stand in your documents, and erase the device from afar if its maker offers that.",
      confirm: "Revoke",
      done: (name: string): string => `${name} was revoked.`,
    },

    revoked: {
      title: "This device was revoked",
      body: "Another device of your account locked this one out: nothing new arrives here. What is on it stays readable, and what was not sent is kept; open a document to download its text.",
      bodyOfDocument:
        "Another device of your account locked this one out: nothing new arrives here. What is on it stays readable, and what was not sent is kept.",
      todo: "To work here again, open Skerry in a fresh browser profile and add that as a new device. If you did not expect this, look at the list of devices on the other one.",
    },

    join: {
      button: "Use your account here…",
      heading: "Do you use Skerry on another device?",
      hint: "Then this device can show the same documents.",
      fetching: "Fetching your documents…",
      fetchingHint: "They appear here one by one. If your account has none yet, begin one here or on another device.",
    },

    scan: {
      picture: "What the camera sees",
      starting: "Starting the camera…",
    },

    /** Adding a device, on both sides. `old` has the account, `new` is to get it. */
    pair: {
      opening: "One moment…",
      back: "Back to the devices",
      show: {
        title: { old: "Add a device", new: "Show a code" } satisfies Readonly<Record<PairingRole, string>>,
        how: {
          old: "On the new device, open Skerry and choose “Use your account here”. Then scan this, or type the code below it.",
          new: "On a device that has the account, open Settings, Devices, “Add a device”, and choose to take the code of the other device. Then scan this, or type the code below it.",
        } satisfies Readonly<Record<PairingRole, string>>,
        howShort: {
          old: "On the new device, open Skerry, choose “Use your account here”, and type this code.",
          new: "On a device that has the account, open Settings, Devices, “Add a device”, choose to take the code of the other device, and type this code.",
        } satisfies Readonly<Record<PairingRole, string>>,
        making: "Making a code…",
        make: "Show a code",
        picture: "QR code. It says the same as the code that is written below it.",
        code: "Code",
        copy: "Copy code",
        copied: "Copied",
        copyFailed: "Copying was not allowed. The code is selected: copy it with your keyboard.",
        shorter: "Show a shorter code to type",
        withPicture: "Show a QR code",
        type: "Take the code of the other device instead",
        triesLeft: (count: number): string =>
          count === 0 ? "This is the last try." : `Another code is another try: ${tries(count)} left.`,
        secret: "This code lets nobody in by itself: at the end you compare both devices.",
      },
      enter: {
        title: { old: "Take the code of the other device", new: "Use your account here" } satisfies Readonly<Record<PairingRole, string>>,
        how: {
          old: "On the new device, choose “Use your account here”, and let it show a code.",
          new: "On a device that has the account, open Settings, Devices, “Add a device”. It shows a code.",
        } satisfies Readonly<Record<PairingRole, string>>,
        label: "Code from the other device",
        hint: "Capitals, spaces and hyphens don't matter.",
        button: "Continue",
        scan: "Scan with the camera",
        show: "Show a code here instead",
      },
      scan: {
        title: "Scan the code",
        how: "Hold the other device's code before the camera.",
        otherCode: "That is another kind of code. Hold the one of the other device before the camera.",
        type: "Type the code instead",
        problems: cameraProblems("type the code"),
      },
      connecting: {
        title: "Meeting the other device…",
        body: "Leave Skerry open on both devices.",
      },
      offline: "The server can't be reached right now. This goes on by itself when it is back.",
      compare: {
        title: "Do both devices show the same?",
        asks: (name: string): string => `${name === "" ? "The other device" : `“${name}”`} asks to be added to your account.`,
        rights: "It will read and write everything that you can.",
        how: "Look at both screens. Each digit and each word has to be the same.",
        shown: "Digits and words",
        same: "They are the same",
        differ: "They differ",
        waiting: "One moment…",
      },
      finishing: {
        title: "Almost there",
        body: "Say on the other device, too, that both show the same, if you have not yet. Leave Skerry open on both.",
      },
      done: {
        title: { old: "The device was added", new: "This device has your account now" } satisfies Readonly<Record<PairingRole, string>>,
        old: (name: string): string => `${name} is in the list of your devices now. If it is ever lost, revoke it there.`,
        new: "Your documents come to it now, and are kept here.",
        close: "Show my documents",
      },
      failure: pairingFailureText,
      ended: (reason: keyof typeof pairingEndTexts, failure: string | undefined): PairingEndText =>
        reason !== "too-many-tries" || failure === undefined
          ? pairingEndTexts[reason]
          : {
              title: pairingFailureText(failure).title,
              body: `${pairingFailureText(failure).body} That was the last of three tries: begin again on both devices.`,
            },
      again: "Try again",
      begin: "Begin again",
      triesLeft: (count: number): string => `${tries(count)} left.`,
      left: (clock: string): string => `${clock} left`,
      minutesLeft: (count: number): string => (count <= 1 ? "Less than a minute left." : `About ${number.format(count)} minutes left.`),
      problem: (error: PairingError, role: PairingRole): string => {
        const text = pairingErrorTexts[error];
        return typeof text === "string" ? text : text[role];
      },
      broken: "Something went wrong in this browser, and nothing was done. Go back and begin again.",
      stillFinishing: "Another device is just being added. Wait a moment, and look at the list of devices.",
      mayNotJoinTitle: "This browser has an account of its own",
    },
  },

  /** 24 words on paper that bring an account back. */
  recovery: {
    heading: "Recovery words",
    what: "24 words on paper bring your documents back if all your devices are lost. Whoever has them has everything: keep them like a passport.",
    none: "Not set up.",
    notSetUp: "Recovery: not set up",
    setUp: (day: string): string => `Recovery: words made on ${day}`,
    madeOn: (day: string): string => `Made on ${day}`,
    made: (when: string): string => `Made ${when}`,
    make: "Make recovery words…",
    makeNew: "Make new words…",
    done: "Your recovery words are ready. Keep the paper safe.",
    left: "The words were put away, and are not shown again. If you have not written them down, make new ones.",

    reminder: {
      title: "You have no recovery words yet",
      body: "If all your devices are lost, 24 words on paper bring your documents back. Neither we nor the people who run the server can do that for you.",
      notNow: "Not now",
    },

    end: {
      button: "End…",
      title: "End these recovery words?",
      body: "Whoever types them from then on gets nothing. Your devices and your documents stay as they are.",
      confirm: "End them",
      done: "These recovery words work no more.",
    },
    explain: {
      title: "Make recovery words",
      titleNew: "Make new recovery words",
      how: "Have pen and paper at hand, or a printer that is yours. The words are shown once, and nobody can look them up for you.",
      oldEnd: "Once the new ones are on paper, the words that you have now stop working.",
      make: "Make the words",
    },
    making: {
      title: "Making your words…",
      told: "Making them. The server has to keep something for them…",
      body: "Have pen and paper ready, and leave Skerry open.",
    },
    shown: {
      title: "Your recovery words",
      how: "Write them down in this order. They are not shown again.",
      list: "Recovery words",
      number: (count: number): string => `${number.format(count)}.`,
      print: "Print",
      copy: "Copy",
      copied: "Copied. Other programs can read the clipboard: copy something else afterwards.",
      copyFailed: "Copying was not allowed. The words are selected: copy them with your keyboard.",
      clipboard: "Paper is best. A clipboard is no safe place, and neither are a photo or a file that goes to a cloud.",
      written: "I have written them down",
    },
    check: {
      title: "Are they on your paper?",
      how: "Type these two from it.",
      label: (count: number): string => `Word ${number.format(count)}`,
      wrong: (counts: readonly number[]): string =>
        counts.length === 1
          ? `Word ${number.format(counts[0] ?? 0)} does not match. Look at your paper, or at the words again.`
          : `Words ${counts.map((count) => number.format(count)).join(" and ")} do not match. Look at your paper, or at the words again.`,
      show: "Show the words again",
      confirm: "Done",
    },
    leaving: {
      title: "Are they written down?",
      body: "The words are not shown again. Without them on paper they help nobody.",
      making: "The words are just being made. If you go now, you never see them.",
      oldStay: "The words that you had before go on working.",
      leave: "Leave",
      stay: "Back to the words",
      wait: "Wait for the words",
    },
    sheet: {
      title: "Skerry recovery words",
      made: "Made on",
      server: "Server",
      picture: "QR code of the words",
      how: "To get your documents back: open the server's address in a browser that has no documents, choose “I have recovery words”, and type these words in their order, or scan the square, which says the same.",
      care: "Whoever has this paper has everything: keep it like a passport. When you make new words, this paper is worth nothing.",
    },
    restore: {
      open: "I have recovery words…",
      title: "Use your recovery words",
      how: "Type the 24 words from your paper, or scan its square, and this device gets your account and its documents.",
      label: "Recovery words",
      hint: "Numbers, dots and capitals don't matter.",
      count: (count: number): string =>
        count <= 24 ? `${number.format(count)} of 24 words` : `${number.format(count)} words; it takes 24`,
      button: "Get my documents back",
      scan: {
        button: "Scan the sheet",
        title: "Scan your recovery sheet",
        how: "Hold the square on your paper before the camera.",
        otherCode: "That is another kind of code. Hold the square beside your recovery words before the camera.",
        type: "Type the words instead",
        problems: cameraProblems("type the words"),
      },
      looking: "Looking for your documents…",
      problem: (error: Extract<RestoreResult, { readonly ok: false }>["error"], at: number): string => restoreErrorTexts[error](at),
      broken: "Something went wrong in this browser. Reload this page, and look whether your documents are there; if not, try again.",
    },
  },

  sync: {
    chipLabel: (text: string): string => `${text}. Show details`,
    panel: "Where your changes are",
    opening: "Opening…",
    saving: "Saving…",
    sending: "Saved on this device · sending",
    checking: "Saved on this device · checking",
    connectingUnsent: "Saved on this device · connecting",
    connecting: "Connecting…",
    catchingUp: "Getting changes…",
    fetching: "Fetching…",
    waiting: "Waiting for the server",
    unprepared: "Waiting for an owner's device",
    missing: "Not on the server yet",
    failed: "Can't be opened",
    synced: (time: string): string => (time === "" ? "Synced" : `Synced · ${time}`),
    syncedWord: "Synced",
    offlineWith: (count: number): string => `Offline · ${changes(count)} kept on this device`,
    offlineSaved: "Offline · saved on this device",
    unreachable: (wait: number): string =>
      wait > 0 ? `Can't reach server · trying again in ${seconds(wait)}` : "Can't reach server · trying now",
    busy: (wait: number): string => (wait > 0 ? `Server is busy · trying again in ${seconds(wait)}` : "Server is busy · trying now"),
    lost: (wait: number): string => (wait > 0 ? `Connection lost · trying again in ${seconds(wait)}` : "Connection lost · trying now"),
    review: (count: number): string => (count === 1 ? "1 thing to review" : `${number.format(count)} things to review`),
    reviewOffline: "offline",
    reviewSynced: (time: string): string => (time === "" ? "synced" : `synced ${time}`),
    reviewUnsent: (count: number): string => `${changes(count)} not sent`,
    updateApp: "Update Skerry to sync",
    deviceRefused: "Server refuses this device",
    originRefused: "Server refuses this address",
    protocolRefused: "Server not understood",
    kept: (count: number): string => `${changes(count)} kept on this device`,
    joining: "Being let in…",
    removed: "You were removed",
    revoked: "This device was revoked",
    left: "You left",
    notLetIn: "Not let in",
    notShared: "On this device only",
    distrusted: "People in doubt · nothing is sent",
    outdated: "Update Skerry to write",
    notWritable: "You can't change this",
    noAccess: "No access",
    serverRefuses: (count: number): string =>
      count > 0 ? `Server can't take it · ${changes(count)} kept on this device` : "Server can't take changes now",
    full: "Not saved! Storage is full",
    failing: "Not saved! Storage is failing",
    wrongKey: "Not saved! Storage can't be opened",
    storageWarning: "Storage trouble on this device",

    announce: {
      synced: "Synced. The server has all your changes.",
      offline: "Offline. Your changes are kept on this device.",
      unreachable: "Can't reach the server. Trying again by itself.",
      review: "There is something to review.",
      refused: "The server refuses to sync. Your changes are kept on this device.",
      catchingUp: "Getting changes from the server.",
      storageWarning: "There is storage trouble on this device.",
      removed: "You were removed from this document. What is on this device stays here.",
      revoked: "This device was revoked. What is on it stays here.",
      left: "You left this document. What is on this device stays here.",
      notLetIn: "The server did not let you in.",
      notShared: "This server does not let you share this document. It is on this device only.",
      distrusted: "The server shows another list of people than before. Nothing is sent.",
      outdated: "Update Skerry to write.",
      notWritable: "You can't change this document any more. Your changes are kept on this device.",
      noAccess: "The server gives no access to this document. Your changes are kept on this device.",
    },

    where: {
      device: "This device",
      server: "Server",
      others: "Another device",
      saved: "Saved",
      notSaved: "Not saved",
      saving: "Saving",
      hasAll: "Has all your changes",
      waiting: (count: number): string => `${changes(count)} to send`,
      neverSent: (count: number): string => `${changes(count)} never sent`,
      notYet: "Not yet",
      notKnown: "Nothing heard yet",
      confirmed: "Has all your changes",
      sealed: "Sealed: it can't read them",
    },
    lastHeard: (when: string): string => `Last heard from the server ${when}.`,
    neverHeard: "Nothing heard from the server about this document yet.",
    lastSynced: (when: string): string => `Everything was last on the server ${when}.`,
    agreeing: (count: number): string =>
      count === 1
        ? "1 other device proves to have exactly the same text."
        : `${number.format(count)} other devices prove to have exactly the same text.`,
    disagreeing: (count: number): string =>
      count === 1
        ? "1 other device has the same changes and yet a different text."
        : `${number.format(count)} other devices have the same changes and yet a different text.`,
    reviewHeading: "To review",
    alarmSafe: "What is safe",
    alarmTodo: "What to do",
    alarmAt: (when: string): string => `Noticed ${when}`,
    alarmTimes: (count: number): string => `${number.format(count)} times`,
    quarantined: (count: number): string =>
      count === 1
        ? "1 entry was set aside, because it could not be used. The rest of the document is untouched."
        : `${number.format(count)} entries were set aside, because they could not be used. The rest of the document is untouched.`,
    showSetAside: "Show what was set aside",
    refusals: {
      version:
        "This page and the server speak different versions. Reload this page; if that does not help, the server needs an update. Your changes are kept on this device.",
      authentication:
        "The server does not accept this device's proof of identity. Your changes are kept on this device. Ask whoever runs the server.",
      origin:
        "The server does not accept this web address. Open Skerry at the address that its operator gave you. Your changes are kept on this device.",
      protocol:
        "The server answered in a way that this page does not understand. Is it a Skerry server? Your changes are kept on this device.",
    },
    refusal: (code: string): string =>
      textOf(refusalTexts, code) ?? "The server did not take a change. It is kept on this device, and Skerry tries what it can.",
    storage: {
      full: "This browser has no room left. What you typed last exists only in this tab: download it before you close it, then free some space.",
      failing: "This browser's storage reports errors. What you typed last may exist only in this tab: download it before you close it.",
      "wrong-key":
        "This browser's storage can't be opened with this device's key. What you typed last exists only in this tab: download it before you close it.",
    },
    storageStill: {
      full: "This browser has no room left. What you wrote so far is saved; new changes may not be. Free some space.",
      failing:
        "This browser's storage reported errors. What you wrote so far is saved; new changes may not be. Download the text to be sure.",
      "wrong-key":
        "This browser's storage can't be opened with this device's key. New changes may not be kept. Download the text to be sure.",
    },
  },

  /** What does not count, and can be read all the same. */
  setAside: {
    title: "What was set aside",
    warning:
      "This is not part of the document. It was signed by devices that were not allowed to change the document, so it was left out. Nobody vouches for it: read it before you use any of it.",
    loading: "Reading what was set aside…",
    failed: "What was set aside could not be read. Nothing was changed.",
    tryAgain: "Try again",
    stranger: "A device that nobody here knows",
    /** What the author is now, after the name. */
    gone: { removed: "removed", left: "left" } satisfies Readonly<Record<FormerMember["gone"], string>>,
    written: (when: string): string => `Written ${when}, by that device's clock`,
    writtenOver: (from: string, until: string): string => `Written from ${from} to ${until}, by that device's clock`,
    words: (name: string): string => `Words of ${name}`,
    cut: (shown: number, all: number): string =>
      `The first ${number.format(shown)} of ${number.format(all)} characters are shown. Copying, saving and adding take all of them.`,
    noWords: "There are no words in it.",
    none: "None of it can be read as words.",
    isHere:
      "Some of these words stand in the text on this device already, because the server had held back that they do not count. Other devices may not have them. If you add them, they are here twice.",
    isIncomplete: "Some of it builds on words that are not here, and could not be placed.",
    hasOther: "It also changes what is not words, such as the title. That is not shown, and not added.",
    deletes: "Some of it would delete words of the document. Nothing is deleted, also if you add the rest.",
    copy: "Copy",
    copied: "Copied",
    save: "Save as file",
    add: "Add to the document",
    takeBack: "Take it back",
    whose: (name: string): string => ` (${name})`,
    added: "Added at the end of the document, as your own words.",
    takenBack: "Taken out of the document again.",
    copyFailed: "Copying was not allowed. Select the words and copy them with your keyboard.",
    readOnly: "You can't change this document, so you can't add these words to it.",
    more: "Show more",
    entries: (count: number, unread: number): string =>
      `${count === 1 ? "1 entry" : `${number.format(count)} entries`}${unread === 0 ? "" : `, ${number.format(unread)} not readable`}`,
    unread: "Its content makes no sense, and was not read.",
    entry: (seq: number, bytes: number): string => `No. ${number.format(seq)}, ${number.format(bytes)} bytes`,
  },

  keepNote: {
    title: "This browser may clear this site's data when space runs low.",
    body: "What the server has comes back with the share link; changes not yet sent would be lost. Adding the site to your home screen or bookmarks often prevents it.",
  },

  startProblems: {
    store: {
      title: "Skerry can't read its storage in this browser",
      todo: "It may be a private window, or storage may be blocked. Nothing was deleted. Open Skerry in an ordinary window, or allow this site to store data, and reload.",
    },
    full: {
      title: "This browser has no room left",
      todo: "Nothing was deleted. Free some space on this device and reload.",
    },
    "wrong-key": {
      title: "Skerry's storage in this browser can't be opened",
      todo: "It was sealed with another key, or damaged. Nothing was deleted. If you restored this browser from a backup, restore all of this site's data together.",
    },
    "insecure-context": {
      title: "This address is not secure enough",
      todo: "Browsers allow encryption only over https, or on this computer as localhost. Open Skerry at an https address.",
    },
    "unsupported-browser": {
      title: "This browser is too old for Skerry",
      todo: "Use a current version of Firefox, Chrome, Edge or Safari.",
    },
  },

  problems: {
    store: "This browser's storage did not accept it. Free some space, or open Skerry in an ordinary window, and try again.",
    crashTitle: "Something went wrong in this page",
    crash: "What was saved on this device is safe. Reload to go on. If you typed something in the last second, download the text first.",
    notFoundTitle: "There is no such page",
    notFound: "The address may be mistyped.",
    linkFailedTitle: "The link could not be opened",
    linkFailed: "This browser's storage did not accept it. Free some space and open the link again.",
  },
} as const;
