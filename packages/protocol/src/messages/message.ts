import * as encoding from "lib0/encoding";
import { refuse, uint8, varUint } from "../codec.ts";
import type { Codec } from "../codec.ts";
import { assert } from "../result.ts";

/** A message's tag on the wire and the codec of its fields. One file a message; `up.ts` and `down.ts` gather them. */
export interface MessageFormat<T extends { readonly type: string }> {
  readonly type: T["type"];
  readonly tag: number;
  readonly fields: Codec<Omit<T, "type">>;
}

/** A format of whatever message, for tables of them. */
export interface AnyMessageFormat {
  readonly type: string;
  readonly tag: number;
  readonly fields: Codec<object>;
}

/** Number of a channel, chosen by the peer, unique among its open ones. */
export const channel: Codec<number> = varUint(0xffff);

/** A union of messages as one codec: tag byte, then the fields. Unknown tags are refused. */
export function tagged<T extends { readonly type: string }>(formats: readonly AnyMessageFormat[]): Codec<T> {
  const byTag = new Map(formats.map((format) => [format.tag, format]));
  const byType = new Map(formats.map((format) => [format.type, format]));
  assert(byTag.size === formats.length && byType.size === formats.length, "two messages share a tag or a type");
  return {
    write: (encoder, value) => {
      const format = byType.get(value.type);
      assert(format !== undefined, "message of unknown type");
      encoding.writeUint8(encoder, format.tag);
      format.fields.write(encoder, value);
    },
    read: (decoder, field) => {
      const format = byTag.get(uint8.read(decoder, "tag")) ?? refuse("unknown-tag", field);
      return { type: format.type, ...format.fields.read(decoder, field) } as unknown as T;
    },
  };
}
