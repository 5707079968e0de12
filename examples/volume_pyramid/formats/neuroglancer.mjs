// Chunks of volumes on a disk by Neuroglancer's own decoders, in Node: Morton codes, shards, gzip inside of shards,
// compressed_segmentation, png and jpeg. The environment's NEUROGLANCER names the npm package neuroglancer 2.41.2,
// node_modules/neuroglancer if not said: npm install --ignore-scripts with ../viewer/package.json.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

// What the modules expect of a browser.
globalThis.self ??= globalThis;
globalThis.navigator ??= { hardwareConcurrency: 1, userAgent: "" };
globalThis.fetch = async (url) =>
  new Response(fs.readFileSync(url), { headers: { "content-type": "application/wasm" } });
const packageFolder = process.env.NEUROGLANCER ?? "node_modules/neuroglancer";
export const load = (name) => import(pathToFileURL(path.resolve(packageFolder, "lib", name)).href);

const { ShardedKvStore } = await load("datasource/precomputed/sharded.js");
const { DataEncoding, ShardingHashFunction } = await load("datasource/precomputed/base.js");
const { encodeZIndexCompressed3d } = await load("util/zorder.js");
const uint32 = await load("sliceview/compressed_segmentation/decode_uint32.js");
const uint64 = await load("sliceview/compressed_segmentation/decode_uint64.js");
const { decompressPng } = await load("sliceview/png/index.js");
const { JpegDecoder } = await load("third_party/jpgjs/jpg.js");

// The cache of chunks that the viewer has, which forgets nothing here.
const queueManager = new Proxy({ sources: new Set() }, { get: (of, name) => of[name] ?? (() => {}) });
export const chunkManager = { queueManager, addRef: () => chunkManager, dispose() {}, memoize: new Map(), rpc: {} };

export function storeOf(root) {
  return {
    supportsOffsetReads: true,
    supportsSuffixReads: true,
    getUrl: (key) => root + key,
    async stat(key) {
      return { totalSize: fs.statSync(root + key).size };
    },
    async read(key, { byteRange } = {}) {
      if (!fs.existsSync(root + key)) return undefined;
      const file = fs.readFileSync(root + key);
      const offset = byteRange?.offset ?? file.length - (byteRange?.suffixLength ?? file.length);
      const length = byteRange?.length ?? file.length - offset;
      if (offset + length > file.length) throw new Error(`${key}: a range behind the end`);
      return { response: new Response(file.subarray(offset, offset + length)), offset, length, totalSize: file.length };
    },
  };
}

const encodingOf = (name) => (name === "gzip" ? DataEncoding.GZIP : DataEncoding.RAW);

function shardsOf(root, sharding) {
  return new ShardedKvStore(chunkManager, { store: storeOf(root), path: "" }, {
    hash: sharding.hash === "identity" ? ShardingHashFunction.IDENTITY : ShardingHashFunction.MURMURHASH3_X86_128,
    preshiftBits: sharding.preshift_bits,
    minishardBits: sharding.minishard_bits,
    shardBits: sharding.shard_bits,
    minishardIndexEncoding: encodingOf(sharding.minishard_index_encoding),
    dataEncoding: encodingOf(sharding.data_encoding),
  });
}

export const arrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, float32: Float32Array };
export const aligned = (bytes) => new Uint8Array(bytes).buffer;

async function decoded(file, info, scale, shape) {
  const array = arrays[info.data_type], channels = info.num_channels;
  const voxels = shape[0] * shape[1] * shape[2];
  if (scale.encoding === "raw") return new array(aligned(file));
  if (scale.encoding === "jpeg") {
    const picture = new JpegDecoder();
    picture.parse(file);
    const pixels = picture.getData(picture.width, picture.height, false);
    const planes = new Uint8Array(pixels.length);
    for (let i = 0; i < voxels; ++i) for (let c = 0; c < channels; ++c) planes[c * voxels + i] = pixels[i * channels + c];
    return planes;
  }
  if (scale.encoding === "png") {
    const picture = await decompressPng(new Uint8Array(aligned(file)), undefined, undefined, voxels, channels, array.BYTES_PER_ELEMENT, false);
    return new array(aligned(picture.uint8Array));
  }
  const out = new array(voxels * channels);
  const decoder = info.data_type === "uint64" ? uint64 : uint32;
  decoder.decodeChannels(out, new Uint32Array(aligned(file)), 0, [...shape, channels], scale.compressed_segmentation_block_size);
  return out;
}

// A server would say of NAME.gz that it is gzip, and the browser unpack it.
function unsharded(name) {
  return fs.existsSync(name) ? fs.readFileSync(name) : gunzipSync(fs.readFileSync(`${name}.gz`));
}

// Calls f(voxels, begin, shape) for every chunk of a scale; begin counts from the volume's first voxel.
export async function forEachChunk(volume, info, scale, f) {
  const { size } = scale, step = scale.chunk_sizes[0], offset = scale.voxel_offset ?? [0, 0, 0];
  const grid = size.map((n, axis) => Math.ceil(n / step[axis]));
  const bits = grid.map((n) => Math.ceil(Math.log2(n)));
  const root = `${volume}/${scale.key}/`;
  const shards = scale.sharding === undefined ? undefined : shardsOf(root, scale.sharding);
  for (let k = 0; k < grid[2]; ++k)
    for (let j = 0; j < grid[1]; ++j)
      for (let i = 0; i < grid[0]; ++i) {
        const begin = [i, j, k].map((p, axis) => p * step[axis]);
        const shape = begin.map((b, axis) => Math.min(step[axis], size[axis] - b));
        const name = begin.map((b, a) => `${offset[a] + b}-${offset[a] + b + shape[a]}`).join("_");
        let file;
        if (shards === undefined) file = unsharded(root + name);
        else file = new Uint8Array(await (await shards.read(encodeZIndexCompressed3d(...bits, i, j, k), {})).response.arrayBuffer());
        f(await decoded(file, info, scale, shape), begin, shape);
      }
}

// The largest difference of a chunk from the same voxels of a whole scale.
export function differenceOfChunk(voxels, truth, size, begin, shape, channels) {
  let most = 0, at = 0;
  for (let c = 0; c < channels; ++c)
    for (let z = begin[2]; z < begin[2] + shape[2]; ++z)
      for (let y = begin[1]; y < begin[1] + shape[1]; ++y)
        for (let x = begin[0]; x < begin[0] + shape[0]; ++x, ++at) {
          const expected = truth[x + size[0] * (y + size[1] * (z + size[2] * c))];
          if (voxels[at] !== expected && !(voxels[at] !== voxels[at] && expected !== expected))
            most = Math.max(most, Math.abs(Number(voxels[at] - expected)) || 1);
        }
  return voxels.length === at ? most : Infinity;
}
