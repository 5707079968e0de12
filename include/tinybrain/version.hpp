// SPDX-License-Identifier: BSL-1.0
// The one place that says which version this is: CMake reads these three lines too.
#pragma once

/// The first number of the version. Before 1.0 a change of the second number may change the interface.
#define TINYBRAIN_VERSION_MAJOR 0
/// Its second number.
#define TINYBRAIN_VERSION_MINOR 2
/// Its third number.
#define TINYBRAIN_VERSION_PATCH 0
