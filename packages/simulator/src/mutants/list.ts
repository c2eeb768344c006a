/** Prints all planted bugs as JSON, for tools. */
import { mutants } from "./index.ts";

process.stdout.write(JSON.stringify(mutants.map(({ id, bug, loss, expect }) => ({ id, bug, loss, expect }))));
