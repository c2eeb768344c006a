// `npm run build`: relay and web app, if their sources changed.
import { checkNode, ensureBuilt, ensureInstalled } from "./lib/machine.mjs";

checkNode();
await ensureInstalled();
await ensureBuilt();
