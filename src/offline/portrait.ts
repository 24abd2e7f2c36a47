/** Parts of a portrait by attribute (DiceBear's avataaars); `none` and `bald` leave the part away. */
export const PARTS: Readonly<Record<string, readonly string[]>> = {
  top: [
    "bald", "hat", "hijab", "turban", "winterHat1", "winterHat02", "winterHat03", "winterHat04", "bob", "bun", "curly", "curvy", "dreads", "frida", "fro", "froBand", "longButNotTooLong", "miaWallace",
    "shavedSides", "straight02", "straight01", "straightAndStrand", "dreads01", "dreads02", "frizzle", "shaggy", "shaggyMullet", "shortCurly", "shortFlat", "shortRound", "shortWaved", "sides", "theCaesar",
    "theCaesarAndSidePart", "bigHair",
  ],
  accessories: ["none", "kurt", "prescription01", "prescription02", "round", "sunglasses", "wayfarers", "eyepatch"],
  facialHair: ["none", "beardLight", "beardMajestic", "beardMedium", "moustacheFancy", "moustacheMagnum"],
  clothing: ["blazerAndShirt", "blazerAndSweater", "collarAndSweater", "graphicShirt", "hoodie", "overall", "shirtCrewNeck", "shirtScoopNeck", "shirtVNeck"],
  clothingGraphic: ["bat", "bear", "cumbia", "deer", "diamond", "hola", "pizza", "resist", "skull", "skullOutline"],
  eyebrows: ["angryNatural", "defaultNatural", "flatNatural", "frownNatural", "raisedExcitedNatural", "sadConcernedNatural", "unibrowNatural", "upDownNatural", "angry", "default", "raisedExcited", "sadConcerned", "upDown"],
  eyes: ["closed", "cry", "default", "eyeRoll", "happy", "hearts", "side", "squint", "surprised", "winkWacky", "wink", "xDizzy"],
  mouth: ["concerned", "default", "disbelief", "eating", "grimace", "sad", "screamOpen", "serious", "smile", "tongue", "twinkle", "vomit"],
};

const CLOTH = { black: "262e33", sky: "65c9ff", blue: "5199e4", navy: "25557c", white: "e6e6e6", gray: "929598", slate: "3c4f5c", mint: "a7ffc4", peach: "ffdeb5", pink: "ffafb9", yellow: "ffffb1", red: "ff488e" };
const HAIR = { auburn: "a55728", black: "2c1b18", blond: "b58143", golden: "d6b370", brown: "724133", dark: "4a312c", pink: "f59797", platinum: "ecdcbf", red: "c93305", silver: "e8e1e1" };

/** Colours by attribute and word, as hexadecimal RGB. */
export const PALETTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  skinColor: { espresso: "614335", bronze: "d08b5b", umber: "ae5d29", tan: "edb98a", porcelain: "ffdbb4", amber: "fd9841", straw: "f8d25c" },
  hairColor: HAIR,
  facialHairColor: HAIR,
  hatColor: CLOTH,
  accessoriesColor: CLOTH,
  clothesColor: CLOTH,
  backgroundColor: { sky: "65c9ff", sand: "f2e8cf", sage: "cad2c5", lilac: "cdb4db", rose: "ffc8dd", ice: "bde0fe" },
};

/** What may be drawn where nobody asks for it: no beard or glasses nobody mentioned, an everyday face. */
export const CALM: Readonly<Record<string, readonly string[]>> = {
  accessories: ["none"],
  facialHair: ["none"],
  eyebrows: ["default", "defaultNatural", "flatNatural"],
  eyes: ["default", "happy", "side"],
  mouth: ["default", "smile", "twinkle", "serious"],
};
