/** Version of the simulator: part of every key and recipe that rests on it, so a change of its wording buys new answers. */
export const SIMULATOR_VERSION = "2";
