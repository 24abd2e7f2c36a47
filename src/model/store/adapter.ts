import { optionalPackage } from "../optional.ts";
import { scrub } from "../provider/secret.ts";
import { CallError } from "../types.ts";
import { withoutCredentials } from "../url.ts";

/** The optional package a store's URL needs, or a CallError that says what to install. */
export async function storePackage(name: string, url: string, root: string): Promise<Record<string, unknown>> {
  const module = await optionalPackage(name, root);
  if (module !== undefined) return module;
  throw new CallError("store", `DAG_CACHE=${withoutCredentials(url)} needs the package ${name}; install it in the project: npm install ${name}`);
}

/** Runs what a store's driver does; what it throws comes out without the password of the URL. */
export async function cleanly<T>(url: string, what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    const { message, code, errors } = error as Error & { code?: unknown; errors?: Error[] };
    // A refused connection to a name with several addresses has its words inside.
    const words = message || errors?.map((one) => one.message).join("; ") || String(code ?? error);
    throw new Error(scrub(words, [url, passwordOf(url)]));
  }
}

function passwordOf(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url).password) || undefined;
  } catch {
    return undefined;
  }
}
