// House rules that a machine can check: which room may import which, where clock, dice and environment may be read, and sound TypeScript.
import { dirname, relative, resolve, sep } from "node:path";
import tseslint from "typescript-eslint";

const root = import.meta.dirname;

/** What a room may import from another room's door, src/<room>/index.ts. Types of stage and pipeline may go anywhere; offline and model share wire types. */
const rooms = {
  cli: ["watch", "build", "plan", "pipeline", "store", "model", "offline", "report", "exchange", "stats", "stage"],
  watch: ["build", "plan", "pipeline", "store"],
  build: ["plan", "pipeline", "store", "model", "stage"],
  plan: ["pipeline", "store"],
  pipeline: ["store"],
  model: ["store", "offline"],
  report: ["stats"],
  exchange: ["stats"],
  store: [],
  stage: [],
  stats: [],
  offline: [],
};
const typesForAll = ["stage", "pipeline"];

/** Side doors: single files a fresh no-op needs, where the whole room would cost start-up time, and pieces without their room (a version, a tokenizer). */
const sideDoors = {
  "src/plan/fresh.ts": ["src/cli/"],
  "src/report/summary.ts": ["src/cli/quick.ts"],
  "src/model/identity.ts": ["src/cli/"],
  "src/store/state-file.ts": ["src/plan/fresh.ts"],
  "src/offline/version.ts": ["src/model/identity.ts"],
  "src/offline/tokens.ts": ["src/model/"],
};

const roomOf = (path) => /^src\/([^/]+)\//.exec(path)?.[1];

const imports = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const file = relative(root, context.filename).split(sep).join("/");
    const check = (node) => {
      if (typeof node.source?.value !== "string") return;
      const specifier = node.source.value;
      const typesOnly = node.importKind === "type" || node.exportKind === "type";
      const say = (message) => { context.report({ node: node.source, message }); };
      if (!specifier.startsWith(".")) {
        if (specifier.startsWith("daguerre") && file.startsWith("src/")) say("the tool imports its own files, not the package it is");
        if (file.startsWith("stages/") && specifier.startsWith("daguerre/") && specifier !== "daguerre/stats") say("stages import daguerre and daguerre/stats only");
        return;
      }
      const target = relative(root, resolve(dirname(context.filename), specifier)).split(sep).join("/");
      if (file.startsWith("stages/")) {
        if (target.startsWith("src/")) say("stages import daguerre and daguerre/stats, never the tool's own files");
        return;
      }
      const [here, there] = [roomOf(file), roomOf(target)];
      if (here === undefined || there === undefined || here === there) return;
      if (sideDoors[target]?.some((from) => file.startsWith(from))) return;
      if (target !== `src/${there}/index.ts`) say(`another room's inner file: import src/${there}/index.ts`);
      else if (here === "offline" ? !typesOnly : !(rooms[here] ?? []).includes(there) && !(typesOnly && typesForAll.includes(there))) say(`${here} may not import ${there}${typesForAll.includes(there) ? " but for its types" : ""}`);
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: (node) => { check({ ...node, source: node.source }); } };
  },
};

const clock = [
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: "no dice outside the places for them: use the stage's random()" },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: "no clock outside the places for it" },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "no clock outside the places for it" },
];
const environment = { selector: "MemberExpression[object.name='process'][property.name='env']", message: "the environment is read in src/cli and handed on" };
const locale = [
  { selector: "CallExpression[callee.property.name='localeCompare']", message: "sort by code unit: bytes must not depend on the locale" },
  { selector: "CallExpression[callee.property.name=/^toLocale/][arguments.length=0]", message: "bytes must not depend on the locale" },
  { selector: "NewExpression[callee.object.name='Intl']", message: "bytes must not depend on the locale" },
];

export default tseslint.config(
  { ignores: ["dist/", "dist-*/", "node_modules/", "coverage/", "artifacts/", "cache/", "templates/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    // Directives for rules of an editor's own set do no harm.
    linterOptions: { reportUnusedDisableDirectives: "off" },
    plugins: { rooms: { rules: { imports } } },
    rules: {
      "rooms/imports": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      eqeqeq: "error",
      "no-restricted-imports": ["error", { patterns: [{ regex: "^(fs|path|os|url|util|net|http|https|crypto|stream|events|child_process|worker_threads|zlib|readline|module|buffer|assert|process|timers|perf_hooks|tty|v8|vm)(/|$)", message: "write node: before built-in modules" }] }],
    },
  },
  { files: ["stages/**/*.ts"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  { files: ["src/**/*.ts", "stages/**/*.ts"], rules: { "no-restricted-syntax": ["error", ...clock, environment, ...locale] } },
  // The places for them: the command line, the calls' clock, leases between processes, racy time stamps, how long a build took.
  { files: ["src/cli/**/*.ts"], rules: { "no-restricted-syntax": ["error", ...clock, ...locale] } },
  { files: ["src/model/clock.ts", "src/model/store/remote.ts", "src/store/lease.ts", "src/store/owner.ts", "src/store/stat.ts", "src/build/build.ts"], rules: { "no-restricted-syntax": ["error", environment, ...locale] } },
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-empty-pattern": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
