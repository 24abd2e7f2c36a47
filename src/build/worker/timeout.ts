import { seconds } from "../failure.ts";

/** Runs work under a signal that aborts with the given one or after `ms`; work that ignores it is left behind and the error thrown all the same. */
export async function limited<T>(ms: number | undefined, outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    const stop = (error: Error): void => {
      controller.abort(error);
      reject(error);
    };
    onAbort = () => stop(outer.reason as Error);
    if (outer.aborted) onAbort();
    else outer.addEventListener("abort", onAbort);
    // Not what keeps the thread: work with nothing left to wait for is known to be stuck before its time is up.
    if (ms !== undefined) timer = setTimeout(() => stop(new Error(`timed out after ${seconds(ms)}`)), ms).unref();
  });
  stopped.catch(() => {});
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) outer.removeEventListener("abort", onAbort);
  }
}
