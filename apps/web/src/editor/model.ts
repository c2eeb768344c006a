import type { Doc, Text } from "yjs";
export const bodyOf = (doc: Doc): Text => doc.getText("body");
export const titleOf = (doc: Doc): string => { const t = doc.getMap("meta").get("title"); return typeof t === "string" ? t : ""; };
export const setTitle = (doc: Doc, title: string): void => { doc.getMap("meta").set("title", title); };
export const onTitle = (doc: Doc, listener: (title: string) => void): (() => void) => {
  const map = doc.getMap("meta"); const f = () => listener(titleOf(doc)); map.observe(f); return () => map.unobserve(f);
};
export const formatOf = (_doc: Doc): "current" | "newer" => "current";
