// Every level of an OME-Zarr volume of axes z, y, x, read by zarrita (npm), against files of its voxels:
//   node zarrita_same.mjs VOLUME FOLDER
// FOLDER: what dump.py made of a volume that has to hold the same. ZARRITA names the folder with node_modules; the
// working folder if not said. Ends with status 1 where a voxel differs.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [volume, folder] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.resolve(process.env.ZARRITA ?? ".", "node_modules", name)).href);
const zarr = await load("zarrita/dist/src/index.js");
const { default: FileSystemStore } = await load("@zarrita/storage/dist/src/fs.js");

const group = await zarr.open(new FileSystemStore(path.resolve(volume)), { kind: "group" });
const { datasets } = (group.attrs.ome ?? group.attrs).multiscales[0];
let good = datasets.length > 0;
for (const [number, dataset] of datasets.entries()) {
  const { data, shape } = await zarr.get(await zarr.open(group.resolve(dataset.path), { kind: "array" }));
  const voxels = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const same = voxels.equals(fs.readFileSync(`${folder}/${number}`));
  console.log(`${volume}, level ${number}: ${shape.join(" x ")} voxels ${same ? "are the same" : "DIFFER"}`);
  good = good && same;
}
process.exit(good ? 0 : 1);
