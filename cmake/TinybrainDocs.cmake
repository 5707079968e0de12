# tinybrain-docs: the API reference, as HTML in docs/html of the build folder. Any warning is an error.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

# Three headers of detail have names of the interface.
file(GLOB doxygen_inputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tinybrain/*.hpp)
list(APPEND doxygen_inputs ${PROJECT_SOURCE_DIR}/include/tinybrain/detail/base/index_math.hpp
     ${PROJECT_SOURCE_DIR}/include/tinybrain/detail/drive/call.hpp
     ${PROJECT_SOURCE_DIR}/include/tinybrain/detail/drive/op.hpp)
foreach(text IN ITEMS README.md CONTRIBUTING.md CHANGELOG.md bench/README.md examples/coming_from.md examples/true_modes.md
        examples/python/README.md examples/volume_pyramid/README.md examples/volume_pyramid/SCHEDULERS.md
        examples/volume_pyramid/formats/README.md)
  list(APPEND doxygen_inputs ${PROJECT_SOURCE_DIR}/${text})
endforeach()
list(TRANSFORM doxygen_inputs REPLACE "(.+)" "\"\\1\"")
list(JOIN doxygen_inputs " " doxygen_inputs)
configure_file(cmake/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)

add_custom_target(
  tinybrain-docs
  COMMAND Doxygen::doxygen ${PROJECT_BINARY_DIR}/Doxyfile
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  COMMENT "The API reference: ${PROJECT_BINARY_DIR}/docs/html/index.html"
  VERBATIM)
