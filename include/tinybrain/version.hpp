// SPDX-License-Identifier: BSL-1.0
// The one place that says which version this is: CMake reads these three lines too.
#pragma once

#define TINYBRAIN_VERSION_MAJOR 0
#define TINYBRAIN_VERSION_MINOR 1
#define TINYBRAIN_VERSION_PATCH 0
