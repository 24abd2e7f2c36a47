import { killCommands } from "../build/index.ts";

/** First signal: stop and keep what is finished. Second: end at once. */
export function interruptible(controller: AbortController): { code: () => number | undefined; dispose: () => void } {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  let code: number | undefined;
  const handlers = (Object.keys(codes) as (keyof typeof codes)[]).map((signal) => {
    const handler = (): void => {
      if (code !== undefined) {
        killCommands();
        process.exit(codes[signal]);
      }
      code = codes[signal];
      controller.abort();
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return { code: () => code, dispose: () => handlers.forEach((off) => off()) };
}
