// Where Neuroglancer puts the levels of OME-Zarr volumes: in each, one block of the finest level is bright, and the
// centre of what is bright has to be at the same place in every level:
//   node neuroglancer_places.mjs VOLUME...
// NEUROGLANCER as in neuroglancer.mjs, ZARRITA as in zarrita_same.mjs. Ends with status 1 where a centre is more than
// half a voxel of the finest level off.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

globalThis.self ??= globalThis;
globalThis.navigator ??= { hardwareConcurrency: 1, userAgent: "" };
const load = (folder, name) => import(pathToFileURL(path.resolve(folder, name)).href);
const { parseOmeMetadata } = await load(process.env.NEUROGLANCER ?? "node_modules/neuroglancer", "lib/datasource/zarr/ome.js");
const modules = path.resolve(process.env.ZARRITA ?? ".", "node_modules");
const zarr = await load(modules, "zarrita/dist/src/index.js");
const { default: FileSystemStore } = await load(modules, "@zarrita/storage/dist/src/fs.js");

// The centre of all voxels above 0, weighted by them, in the array's own counting: voxel i is from i to i + 1.
function centreOf({ data, shape }) {
  const sums = shape.map(() => 0);
  let total = 0;
  for (let at = 0; at < data.length; ++at) {
    if (data[at] === 0) continue;
    total += data[at];
    for (let axis = shape.length - 1, rest = at; axis >= 0; --axis) {
      sums[axis] += data[at] * ((rest % shape[axis]) + 0.5);
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return sums.map((sum) => sum / total);
}

let good = process.argv.length > 2;
for (const volume of process.argv.slice(2)) {
  const is3 = fs.existsSync(`${volume}/zarr.json`);
  const attributes = JSON.parse(fs.readFileSync(`${volume}/${is3 ? "zarr.json" : ".zattrs"}`, "utf8"));
  const { multiscale } = parseOmeMetadata("volume://", is3 ? attributes.attributes : attributes, is3 ? 3 : 2);
  const group = await zarr.open(new FileSystemStore(path.resolve(volume)), { kind: "group" });
  let first;
  for (const [level, { url, transform }] of multiscale.scales.entries()) {
    const array = await zarr.open(group.resolve(url.replace("volume://", "").replace(/^\/|\/$/g, "")), { kind: "array" });
    const centre = centreOf(await zarr.get(array));
    const rank = centre.length;
    // A matrix of rank + 1 rows, a column after the other.
    const place = centre.map((_, row) => {
      let sum = transform[rank * (rank + 1) + row];
      for (let column = 0; column < rank; ++column) sum += transform[column * (rank + 1) + row] * centre[column];
      return sum;
    });
    first ??= { place, edges: centre.map((_, axis) => transform[axis * (rank + 1) + axis]) };
    const off = Math.max(...place.map((p, axis) => Math.abs(p - first.place[axis]) / first.edges[axis]));
    console.log(`${volume}, level ${level}: the centre is at ${place.map((p) => p.toFixed(3)).join(", ")}, ${off.toFixed(3)} voxels off`);
    good = good && off <= 0.5;
  }
}
process.exit(good ? 0 : 1);
