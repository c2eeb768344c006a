import { assert, decodeWith, encodeWith, ok } from "@skerry/protocol";
import type { Codec, DecodeError, Result } from "@skerry/protocol";

/** Union of all kinds of a table, each tagged with its `type`. */
export type BodyOf<Table> = { [Type in keyof Table]: { readonly type: Type } & Table[Type] }[keyof Table];

type Kinds<Table> = { readonly [Type in keyof Table]: { readonly number: number; readonly codec: Codec<Table[Type]> } };

export interface Bodies<Table> {
  readonly kinds: readonly { readonly type: keyof Table & string; readonly number: number }[];
  /** Kind number and bytes of a body. */
  encode(body: BodyOf<Table>): { readonly kind: number; readonly bytes: Uint8Array };
  /** `undefined` stands for a kind that this version does not know. */
  decode(kind: number, bytes: Uint8Array): Result<BodyOf<Table> | undefined, DecodeError>;
}

export function bodies<Table extends object>(kinds: Kinds<Table>): Bodies<Table> {
  type Type = keyof Table & string;
  const types = Object.keys(kinds) as Type[];
  const byNumber = new Map(types.map((type) => [kinds[type].number, type]));
  assert(byNumber.size === types.length, "each kind has a number of its own");
  return {
    kinds: types.map((type) => ({ type, number: kinds[type].number })),
    encode: (body) => {
      const kind = kinds[body.type as Type];
      return { kind: kind.number, bytes: encodeWith(kind.codec, body as Table[Type]) };
    },
    decode: (number, bytes) => {
      const type = byNumber.get(number);
      if (type === undefined) return ok(undefined);
      const decoded = decodeWith(kinds[type].codec, bytes, type);
      return decoded.ok ? ok({ type, ...decoded.value } as BodyOf<Table>) : decoded;
    },
  };
}
