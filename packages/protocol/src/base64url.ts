/**
 * URL-safe base64 without padding (RFC 4648 §5). Our own, because lib0's calls Node's `Buffer` wherever there is no `window`, and so
 * throws in a browser's workers, where the peer lives.
 */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const invalid = 255;
const valueOf = new Uint8Array(128).fill(invalid);
for (let index = 0; index < alphabet.length; index++) valueOf[alphabet.charCodeAt(index)] = index;

/** Two characters for each 12 bits: ids are keys of maps everywhere, so this is on every hot path. */
const pairs: readonly string[] = Array.from({ length: 4096 }, (_, value) => alphabet.charAt(value >> 6) + alphabet.charAt(value & 63));

export function toBase64Url(bytes: Uint8Array): string {
  const { length } = bytes;
  const whole = length - (length % 3);
  let text = "";
  for (let index = 0; index < whole; index += 3) {
    const bits = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += (pairs[bits >> 12] ?? "") + (pairs[bits & 0xfff] ?? "");
  }
  if (length - whole === 1) return text + (pairs[(bytes[whole] ?? 0) << 4] ?? "");
  if (length - whole === 2) {
    const bits = ((bytes[whole] ?? 0) << 8) | (bytes[whole + 1] ?? 0);
    return text + (pairs[bits >> 4] ?? "") + alphabet.charAt((bits & 15) << 2);
  }
  return text;
}

/** Undefined for anything that `toBase64Url` does not write: one text for one array of bytes. */
export function bytesFromBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const value = valueOf[text.charCodeAt(index)] ?? invalid;
    if (value === invalid) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = held >> bits;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
