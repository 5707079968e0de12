# Catch2, version 2.13 or 3, as the target tinybrain_catch2. The system's Catch2 is taken where there is one;
# macOS and Windows rarely have one, so there it is fetched. tests/catch.hpp includes either version, and
# tests/main.cpp is the main() of both.
if(NOT TARGET tinybrain_catch2)
  find_package(Catch2 QUIET)
  if(NOT TARGET Catch2::Catch2)
    include(FetchContent)
    FetchContent_Declare(
      Catch2
      GIT_REPOSITORY https://github.com/catchorg/Catch2.git
      GIT_TAG v3.7.1
      GIT_SHALLOW ON SYSTEM)
    FetchContent_MakeAvailable(Catch2)
  endif()
  add_library(tinybrain_catch2 INTERFACE)
  target_link_libraries(tinybrain_catch2 INTERFACE Catch2::Catch2)
endif()
