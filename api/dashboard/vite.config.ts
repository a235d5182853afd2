import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const api = process.env.NGATU_API ?? "http://127.0.0.1:8200";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Nothing inline, so that the page lives under a Content-Security-Policy of 'self'.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  server: { proxy: { "/api": { target: api, ws: true }, "/health": api } },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
