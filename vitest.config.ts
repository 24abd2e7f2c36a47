import { defineConfig } from "vitest/config";

const ci = process.env["CI"] !== undefined;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/rig/setup.ts"],
    pool: "forks",
    // Tests start processes: a few at a time on a small machine, and time to spare on a busy one.
    maxConcurrency: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { NODE_EXTRA_CA_CERTS: "" },
    reporters: ci ? ["default", "json"] : ["default"],
    outputFile: { json: "coverage/test-results.json" },
  },
});
