// Reads the volumes of tests/write_volumes by Neuroglancer's own decoders, in Node, and compares; on demand:
//   node neuroglancer_check.mjs FOLDER
// FOLDER: what write_volumes made. jpeg within 3: Neuroglancer's inverse DCT is its own. neuroglancer.mjs tells which
// package it wants.
import fs from "node:fs";
import path from "node:path";

import { aligned, arrays, differenceOfChunk, forEachChunk } from "./neuroglancer.mjs";

const [folder] = process.argv.slice(2);

async function difference(volume) {
  const info = JSON.parse(fs.readFileSync(`${volume}/info`, "utf8"));
  const scale = info.scales[0];
  const truth = new arrays[info.data_type](aligned(fs.readFileSync(`${volume}/truth`)));
  let most = 0;
  await forEachChunk(volume, info, scale, (voxels, begin, shape) => {
    most = Math.max(most, differenceOfChunk(voxels, truth, scale.size, begin, shape, info.num_channels));
  });
  return most;
}

let right = 0, wrong = 0, skipped = 0;
for (const name of fs.readdirSync(folder).sort()) {
  // Suffixes are local disks'; and values of 32 bits are beyond Neuroglancer, whose `1 << 32` is 1.
  if (/^raw_(gzip|br|zstd)$/.test(name) || name === "count_65537") {
    ++skipped;
    continue;
  }
  let found;
  try {
    found = await difference(path.join(folder, name));
  } catch (problem) {
    found = problem;
  }
  if (found <= (name.startsWith("jpeg") ? 3 : 0)) ++right;
  else {
    ++wrong;
    console.log(`${name}: differs: ${found.stack ?? found}`);
  }
}
console.log(`${right} volumes are right, ${wrong} wrong, ${skipped} skipped`);
process.exit(wrong > 0 || right === 0 ? 1 : 0);
