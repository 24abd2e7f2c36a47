import { killCommands } from "../build/index.ts";

const PATIENCE_MS = 700;

/** After a first signal: says what is waited for, where that takes a while. */
function tellPatience(): NodeJS.Timeout {
  const clear = process.stderr.isTTY ? "\r\u001b[K" : "";
  return setTimeout(() => process.stderr.write(`${clear}stopping: answers on the wire and stages at work get a few seconds; Ctrl-C again ends at once\n`), PATIENCE_MS).unref();
}

/** First signal: stop and keep what is finished. Second: end at once. */
export function interruptible(controller: AbortController): { code: () => number | undefined; dispose: () => void } {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  let code: number | undefined;
  let patience: NodeJS.Timeout | undefined;
  const handlers = (Object.keys(codes) as (keyof typeof codes)[]).map((signal) => {
    const handler = (): void => {
      if (code !== undefined) {
        killCommands();
        process.exit(codes[signal]);
      }
      code = codes[signal];
      patience = tellPatience();
      controller.abort();
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return { code: () => code, dispose: () => [() => clearTimeout(patience), ...handlers].forEach((off) => off()) };
}
