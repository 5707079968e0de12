// SPDX-License-Identifier: BSL-1.0
// What it takes to make folders, and to replace a file in one step.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Differs between processes, whatever their machines and numbers (in a container they are always the same),
// and between files of one process.
std::string unused_name();

// Makes a folder and those above it that are not there, one after another as they are spelled: what `link/..`
// is only the system knows. Adds them to `made`. Throws std::filesystem::filesystem_error with the first that
// cannot be made.
void make_folders(const std::filesystem::path& folder, std::vector<std::filesystem::path>& made);

// Where a file of this name has to be written so that a symbolic link stays one.
std::filesystem::path without_links(const std::filesystem::path& path);

// Gives an open file the mode, and where that is allowed the owner, of the one that it is to replace.
void take_over_rights(int descriptor, const std::filesystem::path& from);
