import { WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";

export function answerImage(_body: WireObject): WireObject {
  throw new WireError(400, "images are not there yet");
}
