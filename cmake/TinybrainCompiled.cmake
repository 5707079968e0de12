# tinybrain::compiled: the usual voxel types compiled once. Whoever links it includes the same headers, in which
# TINYBRAIN_COMPILED then only declares what the library holds.
add_library(tinybrain_compiled STATIC)
if(NOT TINYBRAIN_BUILD_COMPILED)
  set_target_properties(tinybrain_compiled PROPERTIES EXCLUDE_FROM_ALL ON)  # unless somebody links it
endif()
add_library(tinybrain::compiled ALIAS tinybrain_compiled)
set_target_properties(tinybrain_compiled PROPERTIES EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON)
target_link_libraries(tinybrain_compiled PUBLIC tinybrain)
target_compile_definitions(tinybrain_compiled INTERFACE TINYBRAIN_COMPILED=1)

if(COMMAND tinybrain_add_warnings)
  tinybrain_add_warnings(tinybrain_compiled)
endif()

function(tinybrain_compile name instantiations)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/compiled/${name}.cpp)
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/compiled_type.cpp.in ${source} @ONLY)
  target_sources(tinybrain_compiled PRIVATE ${source})
endfunction()

tinybrain_compile(without_type "TINYBRAIN_WITHOUT_TYPE()")
foreach(type IN ITEMS uint8 uint16 uint32 uint64 int8 int16 int32 int64 float double)
  string(REGEX REPLACE "^(u?int[0-9]+)$" "std::\\1_t" full_name ${type})
  # Labels are half of the work, and go by themselves; signed ones share the code of unsigned ones.
  if(NOT type MATCHES "^int")
    tinybrain_compile(${type}_labels "TINYBRAIN_LABEL_POOLINGS(, ${full_name})")
  endif()
  tinybrain_compile(${type}_images "TINYBRAIN_IMAGE_POOLINGS(, ${full_name})")
endforeach()
# A parent's flags for its own processor are not for a library whose functions carry the name of no flag.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND NOT MSVC)
  target_compile_options(tinybrain_compiled PRIVATE -march=x86-64 -mtune=generic)
endif()
