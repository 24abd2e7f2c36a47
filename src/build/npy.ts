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
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) throw new Error(`value ${i} of the matrix is ${value}: an .npy artifact holds finite numbers`);
    body.writeFloatLE(value + 0, i * 4); // -0 is written 0
  }
  return Buffer.concat([head, body]);
}

/** What is wrong with the beginning of a file that should be an .npy of `bytes` bytes, of any dtype; undefined where it may be one. */
export function npyFault(head: Buffer, bytes: number): string | undefined {
  if (head.toString("latin1", 0, 6) !== "\x93NUMPY" || head.length < 12) return "does not begin as an .npy file does";
  const wide = (head[6] ?? 1) >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const header = head.toString("latin1", start, start + length);
  const shape = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  const size = Number(/'descr': *'[<>|=][a-zA-Z](\d+)'/.exec(header)?.[1] ?? Number.NaN);
  if (shape === undefined) return "has no shape in its header";
  const count = shape.split(",").filter((n) => n.trim() !== "").reduce((product, n) => product * Number(n), 1);
  return bytes < start + length + (Number.isNaN(size) ? 0 : count * size) ? "is cut off" : undefined;
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
