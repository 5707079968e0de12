// Every chunk of every scale of a volume, read by Neuroglancer's own decoders, against files of its voxels:
//   node neuroglancer_same.mjs VOLUME FOLDER
// FOLDER: what dump.py made of this volume, or of one that has to hold the same. jpeg within 3, as in
// neuroglancer_check.mjs. Ends with status 1 where a voxel differs.
import fs from "node:fs";

import { aligned, arrays, differenceOfChunk, forEachChunk } from "./neuroglancer.mjs";

const [volume, folder] = process.argv.slice(2);
const info = JSON.parse(fs.readFileSync(`${volume}/info`, "utf8"));
let good = info.scales.length > 0;
for (const [number, scale] of info.scales.entries()) {
  const truth = new arrays[info.data_type](aligned(fs.readFileSync(`${folder}/${number}`)));
  let most = 0, chunks = 0, voxelsRead = 0;
  await forEachChunk(volume, info, scale, (voxels, begin, shape) => {
    most = Math.max(most, differenceOfChunk(voxels, truth, scale.size, begin, shape, info.num_channels));
    voxelsRead += voxels.length;
    ++chunks;
  });
  const right = most <= (scale.encoding === "jpeg" ? 3 : 0) && voxelsRead === truth.length;
  const form = `${scale.encoding}${scale.sharding === undefined ? "" : ", sharded"}`;
  console.log(`${volume}, mip ${number} (${form}): ${chunks} chunks, ${voxelsRead} voxels, largest difference ${most}`);
  good = good && right;
}
process.exit(good ? 0 : 1);
