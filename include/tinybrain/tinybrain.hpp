// SPDX-License-Identifier: BSL-1.0
// Image pyramids of volumes: averages for images, modes for labels, exact at every mip.
#pragma once

#include <tinybrain/averaging.hpp>
#include <tinybrain/chunks.hpp>
#include <tinybrain/options.hpp>
#include <tinybrain/pooling.hpp>
#include <tinybrain/segmentation.hpp>
#include <tinybrain/version.hpp>
#include <tinybrain/volume.hpp>
