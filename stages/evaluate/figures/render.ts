import type { Spec } from "vega";

/** Draws a Vega specification as SVG; equal specifications give equal bytes on every machine, as no canvas measures text and ids start anew. */
export async function render(spec: Spec): Promise<string> {
  const vega = await import("vega");
  // Not in Vega's types: whether text is measured on a canvas, where one is installed.
  (vega as unknown as { textMetrics: { canvas(use: boolean): void } }).textMetrics.canvas(false);
  const refused = vega.loader();
  refused.load = () => Promise.reject(new Error("figures load nothing"));
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error, loader: refused });
  vega.resetSVGDefIds();
  try {
    return `${(await view.toSVG()).replace("<svg ", '<svg role="img" ')}\n`;
  } finally {
    view.finalize();
  }
}
