// y-leveldb 0.2.0 ships declarations that its `exports` hide. Only what is used here.
declare module "y-leveldb" {
  export class LeveldbPersistence {
    constructor(location: string, options?: { readonly Level?: unknown; readonly levelOptions?: object });
    _transact: <T>(run: (db: import("./sealed-level.ts").SealedLevel) => Promise<T>) => Promise<T>;
    storeUpdate(docName: string, update: Uint8Array): Promise<number>;
    flushDocument(docName: string): Promise<void>;
    clearDocument(docName: string): Promise<void>;
  }
  export const keyEncoding: {
    encode(key: (string | number)[]): Uint8Array;
    decode(bytes: Uint8Array): (string | number)[];
  };
}
