include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(tinybrain_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/tinybrain)

install(TARGETS tinybrain EXPORT tinybrain-targets)
install(DIRECTORY include/tinybrain DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/tinybrain)
install(EXPORT tinybrain-targets NAMESPACE tinybrain:: DESTINATION ${tinybrain_package_dir})
# The compiled library where it was built; the package does without it.
install(TARGETS tinybrain_compiled EXPORT tinybrain-compiled-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
install(EXPORT tinybrain-compiled-targets NAMESPACE tinybrain:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tinybrain)

# For whoever builds without CMake: `c++ -std=c++20 $(pkg-config --cflags --libs tinybrain)`.
file(RELATIVE_PATH tinybrain_pc_to_prefix /${CMAKE_INSTALL_DATADIR}/pkgconfig /)
configure_file(cmake/tinybrain.pc.in ${PROJECT_BINARY_DIR}/tinybrain.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tinybrain.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)

set(tinybrain_library_dir ${CMAKE_INSTALL_LIBDIR})
configure_package_config_file(cmake/tinybrain-config.cmake.in ${PROJECT_BINARY_DIR}/tinybrain-config.cmake
                              INSTALL_DESTINATION ${tinybrain_package_dir} PATH_VARS tinybrain_library_dir)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tinybrain-config-version.cmake
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/tinybrain-config.cmake ${PROJECT_BINARY_DIR}/tinybrain-config-version.cmake
        DESTINATION ${tinybrain_package_dir})
