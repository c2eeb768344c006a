import sodium from "libsodium-wrappers";

/** Resolves once libsodium's WebAssembly is compiled. Every other function here is synchronous and needs it to have resolved. */
export const ready: Promise<void> = sodium.ready;
