import type { Plugin } from "esbuild";

/**
 * What stage code is kept from, since bytes may depend on declared inputs only: clocks, dice, the environment, the machine, and the place its code
 * runs from. Packages keep theirs. Out of reach, and left to the author: globalThis.x, process.getBuiltinModule, node:fs, the network, child processes.
 */
const dice = "use random(...labels) of the stage's context";
const clock = "declare a param, or take times from the data";
const machine = "declare a param; env is for cmd stages";

/** Names of builtin modules that are refused, with what to use instead. */
const members: Record<string, Record<string, string>> = {
  crypto: Object.fromEntries(["randomUUID", "randomBytes", "randomInt", "randomFill", "randomFillSync", "getRandomValues", "pseudoRandomBytes"].map((name) => [name, dice])),
  os: { ...Object.fromEntries(["hostname", "userInfo", "homedir", "networkInterfaces", "loadavg", "freemem"].map((name) => [name, machine])), uptime: clock },
};

/** Stands before every bundle. */
export const guard = `const __dagForbidden=(what,instead)=>{throw new Error(what+" is not reproducible in a stage: "+instead)};
const __dagRefused=(what,instead)=>()=>__dagForbidden(what+"()",instead);
const __dagRandom=__dagRefused("Math.random",${JSON.stringify(dice)});
const __dagNow=__dagRefused("Date.now",${JSON.stringify(clock)});
const __dagUuid=__dagRefused("crypto.randomUUID",${JSON.stringify(dice)});
const __dagValues=__dagRefused("crypto.getRandomValues",${JSON.stringify(dice)});
const __dagUptime=__dagRefused("process.uptime",${JSON.stringify(clock)});
const __dagHrtime=Object.assign(__dagRefused("process.hrtime",${JSON.stringify(clock)}),{bigint:__dagRefused("process.hrtime.bigint",${JSON.stringify(clock)})});
const __dagEnv=new Proxy({},{get:(_,name)=>typeof name==="symbol"?undefined:__dagForbidden("process.env."+name,${JSON.stringify(machine)}),has:()=>false,ownKeys:()=>[]});
const __dagDate=new Proxy(globalThis.Date,{construct:(target,args,as)=>args.length===0?__dagForbidden("new Date()",${JSON.stringify(clock)}):Reflect.construct(target,args,as),apply:()=>__dagForbidden("Date()",${JSON.stringify(clock)})});
const __dagOwn=(real,own)=>new Proxy(real,{get:(target,name)=>{if(Object.hasOwn(own,name))return own[name];const value=Reflect.get(target,name);return typeof value==="function"&&!/^[A-Z]/.test(String(name))?value.bind(target):value}});
const __dagPick=(real,name)=>real[name];
const __dagPerformance=__dagOwn(globalThis.performance,{now:__dagRefused("performance.now",${JSON.stringify(clock)}),toJSON:__dagRefused("performance.toJSON",${JSON.stringify(clock)}),get timeOrigin(){return __dagForbidden("performance.timeOrigin",${JSON.stringify(clock)})}});
const __dagProcess=__dagOwn(globalThis.process,{env:__dagEnv,hrtime:__dagHrtime,uptime:__dagUptime});
const __dagPlace=new Proxy({},{get:(_,name)=>{throw new Error((String(name).startsWith("__")?"":"import.meta.")+String(name)+" leads nowhere in a stage, whose code runs from the cache: to read a file declare it (files: { data: <path> }) and use files.data; to use a module import it by its literal path")}});`;

export const define: Record<string, string> = {
  "Math.random": "__dagRandom",
  "Date.now": "__dagNow",
  "process.env": "__dagEnv",
  "process.hrtime": "__dagHrtime",
  "process.uptime": "__dagUptime",
  "performance.now": "__dagPerformance.now",
  "performance.toJSON": "__dagPerformance.toJSON",
  "performance.timeOrigin": "__dagPerformance.timeOrigin",
  "crypto.randomUUID": "__dagUuid",
  "crypto.getRandomValues": "__dagValues",
  ...Object.fromEntries(["url", "dirname", "filename", "resolve"].map((name) => [`import.meta.${name}`, `__dagPlace.${name}`])),
  __dirname: "__dagPlace.__dirname",
  __filename: "__dagPlace.__filename",
  Date: "__dagDate",
};

/** Files of the tool's own making in a bundle carry this name. */
export const OWN = "daguerre-tool";

/** Builtin modules with what is refused taken out; the rest of them is as it was. */
export const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?(?:crypto|os|perf_hooks|process)$/ }, ({ path, namespace }) => (namespace === OWN ? { path, external: true } : { path: `node:${path.replace("node:", "")}`, namespace: OWN }));
    build.onLoad({ filter: /^node:/, namespace: OWN }, async ({ path }) => ({ contents: await standIn(path), loader: "js" }));
  },
};

async function standIn(path: string): Promise<string> {
  const name = path.slice("node:".length);
  const refused = Object.entries(members[name] ?? {}).map(([member, instead]) => [member, `__dagRefused(${JSON.stringify(`${name}.${member}`)},${JSON.stringify(instead)})`] as const);
  const own = new Map<string, string>(name === "perf_hooks" ? [["performance", "__dagPerformance"]] : name === "process" ? [["env", "__dagEnv"], ["hrtime", "__dagHrtime"], ["uptime", "__dagUptime"]] : refused);
  const all = Object.keys((await import(path)) as object).filter((member) => member !== "default" && /^[A-Za-z_$][\w$]*$/.test(member) && !own.has(member));
  return [
    `import real from ${JSON.stringify(path)};`,
    // Marked pure: what nobody imports is not even looked at. Names of their own, since the guard before the bundle uses the global ones.
    ...all.map((member) => `const __dag_${member} = /* @__PURE__ */ __dagPick(real, ${JSON.stringify(member)});`),
    ...[...own].map(([member, value]) => `const __dag_${member} = /* @__PURE__ */ __dagPick({ it: ${value} }, "it");`),
    `export { ${[...all, ...own.keys()].map((member) => `__dag_${member} as ${member}`).join(", ")} };`,
    `export default /* @__PURE__ */ __dagOwn(real, { ${[...own.keys()].map((member) => `${member}: __dag_${member}`).join(", ")} });`,
  ].join("\n");
}
