// Every chunk of every level of an OME-Zarr of axes z, y, x, not compressed or by gzip, sharded or not, read by
// Neuroglancer's own parsers and decoders, against files of its voxels:
//   node neuroglancer_zarr_same.mjs VOLUME FOLDER
// FOLDER: what dump.py made of a volume that has to hold the same. (blosc and zstd the viewer decodes in workers, which
// Node has not.) Ends with status 1 where a voxel differs.
import fs from "node:fs";

import { aligned, arrays, chunkManager, load, storeOf } from "./neuroglancer.mjs";

for (const codec of ["bytes", "crc32c", "gzip", "transpose", "sharding_indexed"])
  for (const part of ["resolve", "decode"]) await load(`datasource/zarr/codec/${codec}/${part}.js`);
const { parseV2Metadata, parseV3Metadata } = await load("datasource/zarr/metadata/parse.js");
const { applySharding, decodeArray } = await load("datasource/zarr/codec/decode.js");
const { parseOmeMetadata } = await load("datasource/zarr/ome.js");

const readJson = (name) => JSON.parse(fs.readFileSync(name, "utf8"));
const [volume, folder] = process.argv.slice(2);
const is3 = fs.existsSync(`${volume}/zarr.json`);
const attributes = is3 ? readJson(`${volume}/zarr.json`).attributes : readJson(`${volume}/.zattrs`);
const { multiscale } = parseOmeMetadata("", attributes, is3 ? 3 : 2);
let good = multiscale.scales.length > 0;
for (const [level, { url }] of multiscale.scales.entries()) {
  const root = `${volume}/${url.replace(/^\/|\/$/g, "")}/`;
  const metadata = is3 ? parseV3Metadata(readJson(`${root}zarr.json`), "array") : parseV2Metadata(readJson(`${root}.zarray`), {}, undefined);
  const { shape, chunkShape } = metadata;
  const name = readJson(`${root}${is3 ? "zarr.json" : ".zarray"}`)[is3 ? "data_type" : "dtype"];
  const array = arrays[{ "|u1": "uint8", "<u2": "uint16", "<u4": "uint32", "<u8": "uint64", "<f4": "float32" }[name] ?? name];
  const truth = new array(aligned(fs.readFileSync(`${folder}/${level}`)));
  const { kvStore, getChunkKey, decodeCodecs } = applySharding(chunkManager, metadata.codecs, { store: storeOf(root), path: "" });
  const step = metadata.codecs.layoutInfo[0].readChunkShape;
  const grid = shape.map((n, axis) => Math.ceil(n / step[axis]));
  let voxelsRead = 0, wrong = 0;
  for (let k = 0; k < grid[0]; ++k)
    for (let j = 0; j < grid[1]; ++j)
      for (let i = 0; i < grid[2]; ++i) {
        const file = [k, j, i].map((p, axis) => Math.floor((p * step[axis]) / chunkShape[axis]));
        const key = (is3 ? "c" + metadata.dimensionSeparator : "") + file.join(metadata.dimensionSeparator);
        const answer = await kvStore.read(getChunkKey([i, j, k], key), {});
        const decoded = await decodeArray(decodeCodecs, new Uint8Array(await answer.response.arrayBuffer()));
        const voxels = new array(aligned(new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength)));
        for (let z = 0; z < step[0] && k * step[0] + z < shape[0]; ++z)
          for (let y = 0; y < step[1] && j * step[1] + y < shape[1]; ++y)
            for (let x = 0; x < step[2] && i * step[2] + x < shape[2]; ++x, ++voxelsRead) {
              const at = x + i * step[2] + shape[2] * (y + j * step[1] + shape[1] * (z + k * step[0]));
              if (voxels[x + step[2] * (y + step[1] * z)] !== truth[at]) ++wrong;
            }
      }
  console.log(`${volume}, level ${level}: ${voxelsRead} voxels, ${wrong} differ`);
  good = good && wrong === 0 && voxelsRead === truth.length;
}
process.exit(good ? 0 : 1);
