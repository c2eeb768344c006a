/**
 * Every word that the app shows. Plain words: device, server, people. A translation replaces this object. The Partition Lab's are in `lab/strings.ts`.
 *
 * Sentences about safety say only what is known: see `sync/sync-chip.ts` for when each may be shown.
 */
import type { Alarm, OpenLinkError } from "./client.ts";

const number = new Intl.NumberFormat();

const changes = (count: number): string => (count === 1 ? "1 change" : `${number.format(count)} changes`);
const seconds = (count: number): string => `${number.format(count)} s`;

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
    todo: "Talk to the people who share this document.",
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
  "not-allowed": "The server does not let this device change this document. Your changes are kept on this device.",
  "too-large": "A change is larger than the server accepts. It is kept on this device. Try adding large text in smaller pieces.",
  "too-many-channels": "Too many documents are open at once. Close some of them.",
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

  remove: {
    title: "Remove from this device?",
    body: (title: string): string =>
      `“${title}” disappears from this device. Others who have it keep theirs, and its link can bring it back.`,
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
      refusalTexts[code] ?? "The server did not take a change. It is kept on this device, and Skerry tries what it can.",
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
