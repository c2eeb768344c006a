import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { closureOf, dependencyClosure, filesIn, importsOf, isTest, packageOf, parse, resolveOwn, root } from "./sources.ts";

const webApp = [
  "@skerry/peer/browser",
  "@skerry/peer/browser/worker",
  "@skerry/doc-model",
  "@codemirror/",
  "lucide-react",
  "qr",
  "react",
  "react-dom",
  "wouter",
  "y-codemirror.next",
  "y-protocols",
  "y-websocket",
  "yjs",
] as const;

/**
 * What each package may import (ARCHITECTURE.md has the same table for people). Tests of a package may import anything. `deep` entries are
 * exact specifiers; a package name alone allows all of its entries.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/protocol": ["lib0"],
  "packages/crypto": ["@skerry/protocol", "@scure/bip39", "libsodium-wrappers", "libsodium-wrappers-sumo"],
  "packages/access": ["@skerry/protocol", "@skerry/crypto/verify", "lib0"],
  "packages/doc-model": ["yjs"],
  "packages/peer": ["@skerry/protocol", "@skerry/crypto", "@skerry/access", "yjs", "y-protocols", "lib0"],
  "packages/peer/src/browser": ["@skerry/protocol", "@skerry/crypto", "yjs", "y-protocols", "lib0", "y-indexeddb"],
  "packages/peer/src/node": ["@skerry/protocol", "@skerry/crypto", "yjs", "y-protocols", "lib0", "y-leveldb", "level", "ws", "node:"],
  "packages/simulator": [
    "@skerry/protocol",
    "@skerry/crypto",
    "@skerry/access",
    "@skerry/peer",
    "@skerry/relay",
    "yjs",
    "lib0",
    "libsodium-wrappers",
    "ws",
    "node:",
  ],
  "packages/simulator/src/mutants": ["esbuild", "node:"],
  "apps/relay": [
    "@skerry/access",
    "@skerry/protocol",
    "@skerry/crypto/verify",
    "hono",
    "@hono/node-server",
    "ws",
    "level",
    "pino",
    "valibot",
    "lib0",
    "node:",
  ],
  "apps/web": webApp,
  // Runs the simulator, in a worker of its own.
  "apps/web/src/lab": [...webApp, "@skerry/simulator/lab"],
};

const allows = (rule: readonly string[], specifier: string): boolean =>
  rule.some((allowed) =>
    allowed.endsWith(":") || allowed.endsWith("/")
      ? specifier.startsWith(allowed)
      : specifier === allowed || (packageOf(specifier) === allowed && packageOf(allowed) === allowed),
  );

const ruleFor = (file: string): readonly string[] | undefined => {
  const key = Object.keys(mayImport)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
  return key === undefined ? undefined : mayImport[key];
};

function violations(file: string, source: ts.SourceFile): string[] {
  const rule = ruleFor(file) ?? [];
  const own = file.split("/").slice(0, 2).join("/");
  return importsOf(source, { types: true })
    .filter((specifier) => {
      if (!specifier.startsWith(".")) return !allows(rule, specifier);
      const target = path.posix.join(path.posix.dirname(file), specifier);
      return !target.startsWith(`${own}/`);
    })
    .map((specifier) => `${file} imports ${specifier}`);
}

const productionFiles = Object.keys(mayImport)
  .flatMap((folder) => filesIn(`${folder}/src`, /\.tsx?$/))
  .filter((file) => !isTest(file));

/** libsodium's names for whatever turns plaintext into ciphertext or back. */
const sealsOrOpens = /crypto_(aead|secretbox|box|secretstream|stream|kx)_?\w*|crypto_pwhash\w*/;

describe("the import table", () => {
  test("covers every package and every source file", () => {
    expect(productionFiles.length).toBeGreaterThan(40);
    expect(productionFiles.filter((file) => ruleFor(file) === undefined)).toEqual([]);
  });

  test("is kept by every source file", () => {
    expect([...new Set(productionFiles)].flatMap((file) => violations(file, parse(file)))).toEqual([]);
  });

  test("catches planted violations", () => {
    const planted = (file: string, text: string) => violations(file, ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true));
    expect(planted("apps/relay/src/planted.ts", 'import * as Y from "yjs";')).toHaveLength(1);
    expect(planted("apps/relay/src/planted.ts", 'import { openRecord } from "@skerry/crypto";')).toHaveLength(1);
    expect(planted("apps/relay/src/planted.ts", 'export * from "../../../packages/crypto/src/record-seal.ts";')).toHaveLength(1);
    expect(planted("packages/access/src/planted.ts", 'import { openRecord } from "@skerry/crypto";')).toHaveLength(1);
    expect(planted("packages/protocol/src/planted.ts", 'const fs = await import("node:fs");')).toHaveLength(1);
    expect(planted("packages/peer/src/engine/planted.ts", 'import { WebSocket } from "ws";')).toHaveLength(1);
    expect(planted("apps/web/src/app/planted.ts", 'import { parseScenario } from "@skerry/simulator/lab";')).toHaveLength(1);
    expect(planted("apps/web/src/lab/planted.ts", 'import { startChaosProxy } from "@skerry/simulator";')).toHaveLength(1);
    expect(planted("apps/web/src/lab/fine.ts", 'import { parseScenario } from "@skerry/simulator/lab";')).toEqual([]);
    expect(planted("apps/relay/src/fine.ts", 'import { verifyHead } from "@skerry/crypto/verify";')).toEqual([]);
  });

  test("each import of a package is declared by the package that imports it", () => {
    const undeclared = productionFiles.flatMap((file) => {
      const folder = file.split("/").slice(0, 2).join("/");
      const manifest = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as {
        dependencies?: Record<string, string>;
      };
      return importsOf(parse(file), { types: true })
        .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
        .map(packageOf)
        .filter((name) => manifest.dependencies?.[name] === undefined)
        .map((name) => `${file}: ${name}`);
    });
    expect(undeclared).toEqual([]);
  });
});

describe("the relay is blind by construction", () => {
  const closure = closureOf("apps/relay/src/main.ts");

  test("its import closure is resolved whole", () => {
    expect(closure.files.length).toBeGreaterThan(20);
    expect(closure.packages.filter((name) => name.startsWith("unresolved") || name.startsWith("<"))).toEqual([]);
  });

  test("its import closure holds no yjs, no document model, no peer", () => {
    expect(closure.files.filter((file) => /packages\/(peer|doc-model|simulator)\//.test(file))).toEqual([]);
    expect(dependencyClosure(closure.packages).filter((name) => /^(yjs|y-.*|@y\/.*)$/.test(name))).toEqual([]);
  });

  test("its import closure holds nothing that seals or opens", () => {
    const guilty = closure.files.filter((file) => sealsOrOpens.test(parse(file).text));
    expect(guilty).toEqual([]);
    // The search itself works: the peer's closure does hold it.
    expect(closureOf("packages/crypto/src/index.ts").files.filter((file) => sealsOrOpens.test(parse(file).text))).not.toEqual([]);
  });
});

describe("Argon2id is loaded when it is needed", () => {
  const large = "libsodium-wrappers-sumo";
  const home = "packages/crypto/src/passphrase.ts";
  const hosts = ["packages/peer/src/browser/host.ts", "packages/peer/src/node/index.ts"];

  test("its library is named in one file, which only hosts of peers load, and there only by import()", () => {
    const naming = productionFiles.filter((file) => importsOf(parse(file), { types: true }).includes(large));
    expect([...new Set(naming)]).toEqual([home]);
    const atOnce = parse(home).statements.filter(ts.isImportDeclaration);
    expect(atOnce.length).toBeGreaterThan(1);
    expect(atOnce.filter(({ moduleSpecifier }) => moduleSpecifier.getText().includes(large))).toEqual([]);
    const loading = productionFiles.filter((file) => importsOf(parse(file), { types: true }).includes("@skerry/crypto/passphrase"));
    expect([...new Set(loading)].toSorted()).toEqual(hosts);
  });

  test("nobody else's closure has it: not the engine's, the relay's or the Lab's", () => {
    for (const entry of [
      "packages/peer/src/index.ts",
      "packages/crypto/src/index.ts",
      "apps/relay/src/main.ts",
      "apps/web/src/lab/lab-worker.ts",
    ])
      expect(closureOf(entry).packages).not.toContain(large);
    expect(closureOf("packages/peer/src/browser/worker.ts").packages).toContain(large);
  });
});

test("the relay's core runs without Node, a disk or a socket", () => {
  const { files, packages } = closureOf("apps/relay/src/core.ts");
  expect(files).toContain("apps/relay/src/storage/level-reader.ts");
  expect(packages).toEqual(["lib0", "libsodium-wrappers", "valibot"]);
  const relay = files.filter((file) => file.startsWith("apps/"));
  expect(relay.filter((file) => /\b(Buffer|process)\.\w|\bsetImmediate\(/.test(parse(file).text))).toEqual([]);
});

describe("core code touches the world only through its ports", () => {
  const core = [
    "packages/protocol/src",
    "packages/crypto/src",
    "packages/access/src",
    "packages/doc-model/src",
    "packages/peer/src/engine",
    "packages/peer/src/space",
    "packages/peer/src/editor",
    "packages/peer/src/yjs-update",
  ];
  const banned =
    /^(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|queueMicrotask|crypto\.\w+|process\.\w+|console\.\w+|fetch|navigator\.\w+|globalThis\.\w+|localStorage\.\w+)$/;

  function worldlyUses(file: string, source: ts.SourceFile): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const text =
        ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)
          ? `${node.expression.text}.${node.name.text}`
          : ts.isCallExpression(node) && ts.isIdentifier(node.expression)
            ? node.expression.text
            : ts.isNewExpression(node) && ts.isIdentifier(node.expression) && ["Date", "WebSocket", "Worker"].includes(node.expression.text)
              ? `new ${node.expression.text}`
              : "";
      if (banned.test(text) || text.startsWith("new ")) found.push(`${file}: ${text}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  test("no clock, timer, randomness, console or process in core code", () => {
    const files = core.flatMap((folder) => filesIn(folder, /\.ts$/)).filter((file) => !isTest(file));
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap((file) => worldlyUses(file, parse(file)))).toEqual([]);
  });

  test("the search finds a planted use", () => {
    const source = ts.createSourceFile(
      "x.ts",
      "const a = Date.now(); setTimeout(() => Math.random(), 1); new WebSocket('x');",
      ts.ScriptTarget.ES2023,
      true,
    );
    expect(worldlyUses("x.ts", source)).toHaveLength(4);
  });
});

test("resolveOwn finds our packages' sources", () => {
  expect(resolveOwn("apps/relay/src/main.ts", "@skerry/crypto/verify")).toBe("packages/crypto/src/verify.ts");
});
