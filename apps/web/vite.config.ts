import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the relay runs beside Vite; in production it serves `dist` itself.
const relay = process.env["SKERRY_RELAY"] ?? "http://127.0.0.1:8787";

const conditions = ["@skerry/source", "module", "browser", "development|production"];

export default defineConfig(({ command }) => {
  // What is built is for production, also when a test runner (NODE_ENV=test) builds it: React would be the slow, talkative one.
  if (command === "build") process.env["NODE_ENV"] = "production";
  return {
    plugins: [react()],
    resolve: { conditions },
    worker: { format: "es" },
    build: {
      outDir: "dist",
      target: "es2023",
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      // No data: addresses: the Content-Security-Policy allows only this origin.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      sourcemap: false,
      // The worker is one file with libsodium in it.
      chunkSizeWarningLimit: 800,
    },
    server: { proxy: { "/sync": { target: relay, ws: true } } },
  };
});
