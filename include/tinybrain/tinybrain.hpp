// SPDX-License-Identifier: BSL-1.0
// Image pyramids of volumes: averages for images, modes for labels, exact at every mip.
#pragma once

/// @namespace tinybrain
/// Image pyramids of volumes. `#include <tinybrain/tinybrain.hpp>` brings all of it. See also @ref contract.
///
/// - Averages: downsample_with_averaging(), downsample_with_averaging_into()
/// - Modes of labels: downsample_segmentation(), downsample_segmentation_into()
/// - The rest: downsample_with_min_pooling(), downsample_with_max_pooling(),
/// downsample_with_median_pooling(),
///   downsample_with_striding(), and the same with `_into`
/// - Volumes: volume, volume_view, fortran_order(), c_order()
/// - Threads: threads(), or any other executor
/// - Geometry: placed(), mip_shape(), mip_origin(), chunk_grid, near_isotropic_factors(), num_mips_to_fit()
///
/// The names lie in an inline namespace that spells the version and the compiler's code generation flags, so
/// that objects compiled with different ones can be linked together. No name of tinybrain::detail is part of
/// the interface.

/// @page contract What every call promises
///
/// @section words Words
/// A **volume** is an array of voxels with Rank >= 1 axes; axis 0 is the first index, x. The **factor** of an
/// axis says how many voxels become one. **Mip** m is the volume after m downsamplings, mip 0 the input. The
/// **window** of a voxel of mip m is the box of voxels of mip m - 1 under it, its **footprint** the box of
/// voxels of mip 0. With F the product of the axis's first m factors and n its extent, the footprint of voxel
/// o are the indices from o * F to min((o + 1) * F, n), the last not included. **Scan order** has axis 0
/// fastest, whatever the memory layout.
///
/// @section shapes Shapes
/// Mip m has extent ceil(n / F) along each axis. Every extent works with every factor, also one above the
/// extent; the last voxel stands for what is left. An axis that has reached 1 stays 1. A zero extent gives
/// empty mips. Nothing outside the volume is invented. Returned mips are dense, with their axes in memory in
/// the order of the image's strides.
///
/// @section one_answer One answer
/// The bits of every result depend on the values and the options alone: not on memory layout or strides, the
/// processor's instructions, the number of threads, the compiler, or whether the volume was done at once or
/// in the chunks of a chunk_grid. One exception: another memory layout may change the last bit of an
/// average of floats whose magnitudes differ within a footprint by more than 2^20, of doubles by more than
/// 2^40.
///
/// @section refusals Refusals
/// An argument that makes no sense is refused before any output is allocated or written, by
/// std::invalid_argument, or by std::length_error where a number cannot be represented. The message names the
/// argument, its value, and what would do. What the types tell (the rank of a factor, a type without ==, an
/// output of another type) is an error of the compiler at the caller's line. An exception that a task or an
/// executor throws reaches the caller; what the outputs hold then is not defined. With -fno-exceptions a
/// refusal prints its message and ends the program.
///
/// @section memory Memory
/// Beyond input and outputs a call holds at most 1 MiB for each thread and 64 KiB, whatever the size of the
/// volume and the number of mips.
///
/// @section concurrency Threads
/// A call runs in the calling thread unless its options have an executor. Calls share nothing, and may run at
/// the same time as long as none writes what another reads or writes. The library keeps no state between
/// calls, prints nothing, and starts no thread unless asked by threads().

#include <tinybrain/arguments.hpp>
#include <tinybrain/averaging.hpp>
#include <tinybrain/chunks.hpp>
#include <tinybrain/detail/compiled.hpp>
#include <tinybrain/downsample_with.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/pooling.hpp>
#include <tinybrain/segmentation.hpp>
#include <tinybrain/version.hpp>
#include <tinybrain/volume.hpp>
