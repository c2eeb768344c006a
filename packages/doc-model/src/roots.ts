/** Names of a document's root types, and of the entries of its `about` map. They are part of the format: never rename one. */
export const rootNames = {
  /** `Y.Map`: what the document says about itself. */
  about: "skerry",
  /** `Y.Text`: plain text for now. */
  body: "body",
} as const;

export const aboutKeys = {
  /** A string. The last change wins. */
  title: "title",
  /** `{ atMs, by }`, one value, so that time and author of two concurrent beginnings are never mixed. */
  created: "created",
  /**
   * `format:1`, `format:2`, …: the format is the highest number present. Keys are only ever added, so that devices with different versions
   * of the app that write at once end at the higher one; a single entry would let the last writer win, who may be the older one.
   */
  formatPrefix: "format:",
} as const;
