// The pyramid in Neuroglancer. The page's address may name the volumes:
//   ?em=NAME&labels=NAME   folders beside each other, as serve.py serves them under /volumes/
import "neuroglancer";
import { setupDefaultViewer } from "neuroglancer/unstable/ui/default_viewer_setup.js";

const given = new URLSearchParams(location.search);
const viewer = setupDefaultViewer();

if (location.hash.length < 2) {
  const source = (name) => `${location.origin}/volumes/${name}/|neuroglancer-precomputed:`;
  const layers = [];
  if (given.get("em")) layers.push({ name: "em", type: "image", source: source(given.get("em")) });
  if (given.get("labels"))
    layers.push({ name: "labels", type: "segmentation", source: source(given.get("labels")), selectedAlpha: 0.5 });
  const state = { layers, layout: given.get("layout") ?? "4panel", showAxisLines: false };
  // How many nm a pixel shows: the larger, the coarser the mip that is fetched.
  if (given.get("scale")) state.crossSectionScale = Number(given.get("scale")) * 1e-9;
  viewer.state.restoreState(state);
}
