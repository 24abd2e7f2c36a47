import { accessSync, constants, readlinkSync, statSync } from "node:fs";

/** Why a path is no readable file or directory, in words that say what to do about it. */
export function whyUnreadable(absolute: string): string {
  const code = (read: () => unknown): string | undefined => {
    try {
      read();
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  };
  let target: string | undefined;
  code(() => (target = readlinkSync(absolute)));
  const failed = code(() => statSync(absolute)) ?? code(() => accessSync(absolute, constants.R_OK));
  const link = target === undefined ? undefined : JSON.stringify(target);
  switch (failed) {
    case undefined:
      // It can be read: the walk refused it as a directory that holds itself.
      return link === undefined ? "cannot be read" : `a link to ${link}, a directory it lies in: remove it, or leave it out`;
    case "ENOENT":
      return link === undefined ? "no such file" : `a link to ${link}, which is not there: mend or remove it`;
    case "ELOOP":
      return `a link that leads in a circle${link === undefined ? "" : ` (to ${link})`}: remove it, or leave it out`;
    case "EACCES":
    case "EPERM":
      return "permission denied: check owner and mode with ls -ld";
    case "ENOTDIR":
      return "no such file (a part of the path is a file)";
    default:
      return `cannot be read (${failed})`;
  }
}
