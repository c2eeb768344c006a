// Hocuspocus 4 with its default settings. SQLITE=<file>: its Database extension over node:sqlite with the schema of
// @hocuspocus/extension-sqlite (whose native module has no prebuilt binary everywhere).
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";

const extensions = [];
if (process.env.SQLITE) {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(process.env.SQLITE);
  db.exec('CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))');
  const get = db.prepare('SELECT data FROM "documents" WHERE name = ?');
  const put = db.prepare('INSERT INTO "documents" ("name", "data") VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data');
  extensions.push(
    new Database({
      fetch: async ({ documentName }) => get.get(documentName)?.data ?? null,
      store: async ({ documentName, state }) => {
        put.run(documentName, state);
      },
    }),
  );
}
const server = new Server({ port: Number(process.env.PORT), address: "127.0.0.1", quiet: true, extensions });
await server.listen();
