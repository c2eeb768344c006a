export { createEditorHub } from "./hub.ts";
