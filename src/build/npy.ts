import type { Matrix } from "../stage/index.ts";

/**
 * NumPy's .npy format, version 1.0 (numpy.lib.format): little-endian 32-bit floats, C order, header padded to 64 bytes.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function formatNpy({ shape, data }: Matrix): Buffer {
  const count = shape.reduce((product, n) => product * n, 1);
  if (count !== data.length) throw new Error(`a matrix of shape (${shape.join(", ")}) has ${count} values, got ${data.length}`);
  const tuple = shape.length === 1 ? `(${String(shape[0])},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, 0x20);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(length, 8);
  head.write(dictionary, 10, "latin1");
  head[head.length - 1] = 0x0a;
  const body = Buffer.alloc(data.length * 4);
  for (let i = 0; i < data.length; i++) body.writeFloatLE(data[i] ?? 0, i * 4);
  return Buffer.concat([head, body]);
}

/** Reads '<f4' and '<f8' arrays in C order. Throws on anything else. */
export function parseNpy(bytes: Buffer): Matrix {
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== "\x93NUMPY") throw new Error("not an .npy file");
  const wide = (bytes[6] ?? 1) >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", start, start + length);
  const type = /'descr': '([^']*)'/.exec(header)?.[1];
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").map((n) => n.trim()).filter((n) => n !== "").map(Number);
  if ((type !== "<f4" && type !== "<f8") || !header.includes("'fortran_order': False")) throw new Error(`.npy of ${type ?? "unknown type"} is not supported: save float32 or float64 in C order`);
  const count = shape.reduce((product, n) => product * n, 1);
  const size = type === "<f4" ? 4 : 8;
  const offset = start + length;
  if (bytes.length < offset + count * size) throw new Error(".npy file is cut off");
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = size === 4 ? bytes.readFloatLE(offset + i * 4) : bytes.readDoubleLE(offset + i * 8);
  return { shape, data };
}
