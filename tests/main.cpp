// SPDX-License-Identifier: BSL-1.0
// Catch2 2.13 is often packaged without its ready-made main; this one serves both versions.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
