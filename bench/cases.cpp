// SPDX-License-Identifier: BSL-1.0
#include "cases.hpp"

#include <algorithm>

namespace bench {

namespace {

using tb::index_t;

struct window {
    arrangement order;
    tb::index_array<3> factor;
};
constexpr window flat{arrangement::fortran, {2, 2, 1}};
constexpr window cube{arrangement::fortran, {2, 2, 2}};
constexpr window c_order{arrangement::c_order, {1, 2, 2}};
constexpr window rgb{arrangement::channels_first, {1, 2, 2}};

constexpr voxel all_types[] = {voxel::uint8, voxel::uint16, voxel::uint32, voxel::uint64,  voxel::int8,
                               voxel::int16, voxel::int32,  voxel::int64,  voxel::float32, voxel::float64};
constexpr voxel label_types[] = {voxel::uint8, voxel::uint32, voxel::uint64};
constexpr size all_sizes[] = {size::memory, size::l3, size::l2};

window fortran(index_t x, index_t y, index_t z) { return {arrangement::fortran, {x, y, z}}; }

constexpr window image_windows[] = {
    flat,
    cube,
    {arrangement::fortran, {2, 1, 1}},
    {arrangement::fortran, {1, 2, 1}},
    {arrangement::fortran, {1, 1, 2}},
    {arrangement::fortran, {7, 1, 1}},
    {arrangement::fortran, {2, 3, 1}},
    {arrangement::fortran, {3, 3, 1}},
    {arrangement::fortran, {4, 4, 1}},
    {arrangement::fortran, {3, 3, 3}},
    {arrangement::fortran, {5, 5, 5}},
    {arrangement::fortran, {10, 10, 1}},
    {arrangement::fortran, {8, 8, 8}},
    {arrangement::fortran, {16, 16, 16}},
    c_order,
    rgb,
};

std::string name_of(method what) {
    switch (what) {
        case method::average:
            return "average";
        case method::minimum:
            return "min";
        case method::maximum:
            return "max";
        case method::median:
            return "median";
        case method::stride:
            return "stride";
        case method::mode:
            return "mode";
    }
    return "";
}

std::string name_of(voxel type) {
    constexpr const char* names[] = {"uint8", "uint16", "uint32", "uint64", "int8",
                                     "int16", "int32",  "int64",  "float",  "double"};
    return names[static_cast<std::size_t>(type)];
}

std::string name_of(size at) { return at == size::l2 ? "L2" : at == size::l3 ? "L3" : "memory"; }

std::string name_of(contents data) {
    constexpr const char* names[] = {"noise",  "half_background", "half_nan", "random255",
                                     "random", "blobs",           "real"};
    return names[static_cast<std::size_t>(data)];
}

std::string name_of(tb::ties tie) {
    return tie == tb::ties::countless ? "countless" : tie == tb::ties::first ? "first" : "lowest";
}

std::string name_of(const window& w) {
    std::string name = w.order == arrangement::c_order          ? "c_order_"
                       : w.order == arrangement::channels_first ? "rgb_"
                                                                : "";
    for (const index_t f : w.factor) name += std::to_string(f) + "x";
    name.pop_back();
    return name;
}

bench_case image_case(method what, voxel type, const window& w, int mips = 1, size at = size::memory,
                      bool sparse = false, int threads = 1) {
    bench_case c;
    c.what = what;
    c.type = type;
    c.order = w.order;
    c.factor = w.factor;
    c.mips = mips;
    c.at = at;
    c.sparse = sparse;
    c.data = sparse ? contents::half_background : contents::noise;
    c.threads = threads;
    return c;
}

bench_case label_case(voxel type, const window& w, contents data, int mips = 1, bool sparse = false,
                      tb::votes vote = tb::votes::previous_mip) {
    bench_case c = image_case(method::mode, type, w, mips, size::memory, sparse);
    c.data = data;
    c.vote = vote;
    return c;
}

// Backgrounds of NaN, and least coverages.
void add_foregrounds(case_list& list, voxel type) {
    const bool is_real = type == voxel::float32 || type == voxel::float64;
    for (const method what : {method::average, method::minimum, method::median}) {
        for (const size at : all_sizes) {
            for (const window& w : {flat, cube, fortran(3, 3, 1)}) {
                for (const int mips : {1, 5}) {
                    bench_case c = image_case(what, type, w, mips, at, true);
                    c.least_coverage = 0.5;
                    list.cases.push_back(c);
                    c.least_coverage = 0;
                    c.data = contents::half_nan;
                    if (is_real) list.cases.push_back(c);
                }
            }
        }
    }
}

void add_images(case_list& list) {
    for (const voxel type : all_types) {
        for (const bool sparse : {false, true}) {
            for (const size at : all_sizes) {
                for (const window& w : image_windows) {
                    for (const int mips : {1, 5}) {
                        for (const int threads : {1, 2}) {
                            list.cases.push_back(
                                image_case(method::average, type, w, mips, at, sparse, threads));
                        }
                    }
                }
            }
        }
        for (const tb::rounding round : {tb::rounding::half_up, tb::rounding::half_even}) {
            for (const window& w : {flat, cube}) {
                bench_case c = image_case(method::average, type, w);
                c.round = round;
                list.cases.push_back(c);
            }
        }
        for (const method what : {method::minimum, method::maximum, method::median, method::stride}) {
            for (const bool sparse : {false, true}) {
                if (sparse && what == method::stride) continue;
                for (const size at : all_sizes) {
                    for (const window& w : image_windows) {
                        for (const int mips : {1, 5}) {
                            for (const int threads : {1, 2}) {
                                list.cases.push_back(image_case(what, type, w, mips, at, sparse, threads));
                            }
                        }
                    }
                }
            }
        }
        add_foregrounds(list, type);
    }
}

void add_labels_of(case_list& list, voxel type, contents data, const window& w, int mips, size at,
                   int threads) {
    for (const bool sparse : {false, true}) {
        for (const tb::votes vote : {tb::votes::previous_mip, tb::votes::footprint}) {
            for (const tb::ties tie : {tb::ties::countless, tb::ties::first, tb::ties::lowest}) {
                bench_case c = label_case(type, w, data, mips, sparse, vote);
                c.tie = tie;
                c.at = at;
                c.threads = threads;
                list.cases.push_back(c);
            }
        }
    }
}

void add_labels_of(case_list& list, voxel type, contents data) {
    const window windows[] = {
        flat, cube, fortran(3, 3, 1), fortran(4, 4, 1), fortran(4, 4, 4), fortran(8, 8, 8)};
    for (const window& w : windows) {
        for (const int mips : {1, w.factor == cube.factor ? 4 : 5}) {
            for (const size at : all_sizes) {
                for (const int threads : {1, 2}) add_labels_of(list, type, data, w, mips, at, threads);
            }
        }
        add_labels_of(list, type, data, w, 2, size::memory, 1);
    }
    for (const window& w :
         {fortran(2, 1, 1), fortran(1, 2, 1), fortran(1, 1, 2), fortran(2, 2, 4), fortran(3, 3, 3),
          fortran(5, 5, 5), fortran(10, 10, 1), fortran(16, 16, 16), c_order}) {
        for (const int mips : {1, 2}) add_labels_of(list, type, data, w, mips, size::memory, 1);
    }
}

pair_case compare(const std::string& name, const bench_case& a, const bench_case& b, const std::string& ratio,
                  bool of_times = false) {
    return {"pair/" + name + "/" + name_of(a), a, b, ratio, of_times};
}

pair_case five_mips_against_one(const bench_case& one) {
    bench_case five = one;
    five.mips = 5;
    return compare("5mips_to_1mip", five, one, "time_ratio", true);
}

pair_case c_order_against_fortran(voxel type) {
    return compare("c_order_to_fortran", image_case(method::average, type, c_order),
                   image_case(method::average, type, flat), "speed_ratio");
}

pair_case random_against_blobs(voxel type, const window& w, contents random) {
    return compare("random_to_blobs", label_case(type, w, random), label_case(type, w, contents::blobs),
                   "speed_ratio");
}

pair_case two_threads_against_one(const bench_case& one) {
    bench_case two = one;
    two.threads = 2;
    return compare("2threads_to_1thread", two, one, "speed_ratio");
}

pair_case footprint_against_previous_mip(voxel type, const window& w, int mips, contents data) {
    return compare("footprint_to_previous_mip", label_case(type, w, data, mips, false, tb::votes::footprint),
                   label_case(type, w, data, mips), "time_ratio", true);
}

// Of volumes whose windows are cut, by the grid at their start or by their end.
pair_case origin_against_none(bench_case c) {
    c.odd = true;
    bench_case placed = c;
    placed.origin = 1;
    return compare("origin_to_none", placed, c, "time_ratio", true);
}
pair_case odd_against_even(const bench_case& even) {
    bench_case odd = even;
    odd.odd = true;
    return compare("odd_to_even", odd, even, "time_ratio", true);
}

void add_cuts(case_list& list, const bench_case& c) {
    list.pairs.push_back(origin_against_none(c));
    list.pairs.push_back(odd_against_even(c));
}

void add_pairs(case_list& list) {
    for (const voxel type : all_types) {
        for (const window& w : {flat, cube}) {
            for (const size at : all_sizes) {
                const bench_case one = image_case(method::average, type, w, 1, at);
                list.pairs.push_back(five_mips_against_one(one));
                list.pairs.push_back(two_threads_against_one(one));
                for (const method what : {method::average, method::minimum, method::median}) {
                    for (const int mips : {1, 5}) add_cuts(list, image_case(what, type, w, mips, at));
                }
            }
        }
        list.pairs.push_back(c_order_against_fortran(type));
    }
    for (const voxel type : label_types) {
        for (const window& w : {flat, cube}) {
            for (const contents random : {contents::random255, contents::random}) {
                list.pairs.push_back(random_against_blobs(type, w, random));
            }
            list.pairs.push_back(two_threads_against_one(label_case(type, w, contents::blobs)));
            for (const int mips : {1, 4}) add_cuts(list, label_case(type, w, contents::blobs, mips));
            list.pairs.push_back(
                footprint_against_previous_mip(type, w, w.factor == cube.factor ? 4 : 5, contents::blobs));
        }
    }
}

void add_short_images(case_list& list) {
    for (const voxel type : {voxel::uint8, voxel::uint16, voxel::float32, voxel::float64}) {
        for (const size at : all_sizes) {
            for (const window& w : {flat, cube}) {
                list.cases.push_back(image_case(method::average, type, w, 1, at));
            }
        }
        if (type == voxel::uint8 || type == voxel::float32) {
            list.cases.push_back(image_case(method::average, type, fortran(3, 3, 1)));
            list.cases.push_back(image_case(method::average, type, fortran(4, 4, 1)));
        }
    }
    list.cases.push_back(image_case(method::average, voxel::uint8, flat, 5));
    for (const window& w : {flat, cube}) {
        for (const method what : {method::minimum, method::maximum}) {
            list.cases.push_back(image_case(what, voxel::uint8, w));
        }
    }
    for (const window& w : {flat, cube}) {
        list.cases.push_back(image_case(method::average, voxel::uint8, w, 1, size::memory, true));
        list.cases.push_back(image_case(method::minimum, voxel::uint8, w, 1, size::memory, true));
        list.cases.push_back(image_case(method::average, voxel::float32, w, 1, size::memory, true));
        list.cases.back().data = contents::half_nan;
    }
    for (const window& w : {flat, fortran(3, 3, 1)}) {
        list.cases.push_back(image_case(method::median, voxel::uint8, w));
    }
    bench_case rounded = image_case(method::average, voxel::uint8, flat);
    rounded.round = tb::rounding::half_even;
    list.cases.push_back(rounded);
}

void add_short_labels(case_list& list, contents data) {
    const auto add = [&](voxel type, const window& w, int mips = 1, bool sparse = false,
                         tb::votes vote = tb::votes::previous_mip) {
        list.cases.push_back(label_case(type, w, data, mips, sparse, vote));
    };
    for (const voxel type : label_types) {
        add(type, flat);
        add(type, cube);
        if (type != voxel::uint32) continue;
        add(type, fortran(3, 3, 1));
        add(type, fortran(4, 4, 1));
        if (data == contents::random255) continue;
        add(type, flat, 1, true);
        add(type, cube, 1, true);
    }
    if (data == contents::random255) return;
    for (const tb::votes vote : {tb::votes::previous_mip, tb::votes::footprint}) {
        add(voxel::uint64, flat, 5, false, vote);
        add(voxel::uint64, cube, 4, false, vote);
    }
    if (data == contents::blobs) return;
    add(voxel::uint64, fortran(4, 4, 4));
    add(voxel::uint64, fortran(8, 8, 8));
}

}  // namespace

std::size_t bytes_of(voxel type) {
    constexpr std::size_t bytes[] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
    return bytes[static_cast<std::size_t>(type)];
}

std::string name_of(const bench_case& c) {
    std::string name = name_of(c.what) + "/" + name_of(c.type) + "/" + name_of(window{c.order, c.factor}) +
                       "/" + std::to_string(c.mips) + (c.mips == 1 ? "mip/" : "mips/") + name_of(c.at) +
                       (c.data == contents::half_nan ? "/nan/"
                        : c.sparse                   ? "/sparse/"
                                                     : "/dense/");
    if (c.odd) name += "odd/";
    if (c.origin > 0) name += "placed/";
    if (c.least_coverage > 0) name += "covered/";
    if (c.round == tb::rounding::half_up) name += "half_up/";
    if (c.round == tb::rounding::half_even) name += "half_even/";
    if (c.what == method::mode) {
        name += name_of(c.data) + "/" + name_of(c.tie) +
                (c.vote == tb::votes::footprint ? "/footprint/" : "/previous_mip/");
    }
    return name + std::to_string(c.threads) + (c.threads == 1 ? "thread" : "threads");
}

tb::index_array<3> shape_of(const bench_case& c) {
    const index_t x = c.at == size::l2 ? 512 : c.at == size::l3 ? 1024 : 2048;
    const index_t bytes = x * x * (c.at == size::l2 ? 1 : c.at == size::l3 ? 16 : 64);
    const index_t voxels = bytes / static_cast<index_t>(bytes_of(c.type));
    if (c.order == arrangement::channels_first) return {3, x, voxels / (3 * x) / 2 * 2};
    const bool in_c = c.order == arrangement::c_order;
    const index_t slices = std::max({index_t{1}, voxels / (x * x), c.factor[in_c ? 0 : 2]});
    const index_t rows = voxels / (x * slices);
    tb::index_array<3> shape{x, rows, slices};
    if (in_c) std::swap(shape[0], shape[2]);
    for (std::size_t axis = 0; axis < 3 && c.odd; ++axis) shape[axis] -= c.factor[axis] > 1 ? 1 : 0;
    return shape;
}

tb::index_array<3> origin_of(const bench_case& c) {
    tb::index_array<3> origin{};
    for (std::size_t axis = 0; axis < 3; ++axis) origin[axis] = c.factor[axis] > 1 ? c.origin : 0;
    return origin;
}

case_list every_case(bool real_labels) {
    case_list list;
    add_images(list);
    for (const voxel type : label_types) {
        for (const contents data : {contents::random255, contents::random, contents::blobs, contents::real}) {
            if (data != contents::real || real_labels) add_labels_of(list, type, data);
        }
    }
    add_pairs(list);
    for (const voxel type : all_types) {
        for (const window& w : {flat, cube, fortran(3, 3, 1), fortran(4, 4, 1)}) {
            for (const size at : all_sizes) {
                list.against_peers.push_back(image_case(method::average, type, w, 1, at));
            }
        }
    }
    return list;
}

case_list short_list(bool real_labels) {
    case_list list;
    add_short_images(list);
    add_short_labels(list, contents::random255);
    add_short_labels(list, contents::blobs);
    if (real_labels) add_short_labels(list, contents::real);
    list.pairs.push_back(five_mips_against_one(image_case(method::average, voxel::uint8, flat)));
    list.pairs.push_back(c_order_against_fortran(voxel::uint8));
    add_cuts(list, image_case(method::average, voxel::uint8, flat));
    list.pairs.push_back(random_against_blobs(voxel::uint8, cube, contents::random255));
    list.pairs.push_back(two_threads_against_one(image_case(method::average, voxel::uint8, flat)));
    list.pairs.push_back(
        two_threads_against_one(image_case(method::average, voxel::uint8, flat, 1, size::l3)));
    list.against_peers.push_back(image_case(method::average, voxel::uint8, flat));
    return list;
}

}  // namespace bench
