// SPDX-License-Identifier: BSL-1.0
// pyramid: the image pyramid of a .npy volume, as files and as a picture. `pyramid --help` tells the options.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "contact_sheet.hpp"
#include "downsample.hpp"
#include "npy.hpp"
#include "outputs.hpp"
#include "settings.hpp"
#include "signals.hpp"
#include "synthetic.hpp"

namespace {

using tb::index_t;
using clock_type = std::chrono::steady_clock;

double milliseconds_since(clock_type::time_point start) {
    return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

// How far the work is, on a terminal, once it has lasted long enough for somebody to wonder.
class progress {
public:
    tb::executor watch(int threads) {
        return [this, inner = tb::threads(threads)](index_t count, const std::function<void(index_t)>& task) {
            done_ = 0;
            inner(count, [&](index_t i) {
                check_interrupted();
                task(i);
                one_done(count);
            });
        };
    }
    ~progress() {
        if (shown_) std::fprintf(stderr, "\r%*s\r", 8, "");
    }

private:
    void one_done(index_t count) {
        if (!on_terminal_) return;
        const std::lock_guard lock(mutex_);
        ++done_;
        if (milliseconds_since(start_) < 500 || milliseconds_since(last_) < 100) return;
        last_ = clock_type::now();
        shown_ = true;
        std::fprintf(stderr, "\r  %3.0f %%", 100.0 * double(done_) / double(count));
        std::fflush(stderr);
    }

    const bool on_terminal_ = ::isatty(STDERR_FILENO) != 0;
    const clock_type::time_point start_ = clock_type::now();
    clock_type::time_point last_ = start_;
    std::mutex mutex_;
    index_t done_ = 0;
    bool shown_ = false;
};

struct source {
    std::string name;  // the files are called after it
    npy::header head;
    const std::byte* data = nullptr;
    bool made_here = false;  // then it is written too, as mip 0
};

struct mip {
    npy::header head;
    std::vector<std::byte> bytes;
};

template <class T>
tb::volume_view<T, padded_rank> view_of(T* data, const npy::header& head) {
    const padded shape = pad(head.shape);
    padded strides;
    index_t stride = 1;
    for (std::size_t i = 0; i < padded_rank; ++i) {
        const std::size_t axis = head.fortran_order ? i : padded_rank - 1 - i;
        strides[axis] = stride;
        stride *= std::max(shape[axis], index_t{1});
    }
    return {data, shape, strides};
}

std::vector<npy::header> heads_of_mips(const npy::header& from, const std::vector<padded>& factors) {
    std::vector<npy::header> heads{from};
    for (const padded& factor : factors) {
        npy::header head = heads.back();
        const padded shape = tb::mip_shape(pad(head.shape), factor);
        std::copy_n(shape.begin(), head.shape.size(), head.shape.begin());
        heads.push_back(head);
    }
    heads.erase(heads.begin());
    return heads;
}

std::vector<mip> allocate_mips(const source& from, const std::vector<npy::header>& heads) {
    std::vector<mip> mips;
    double bytes = 0;
    for (const npy::header& head : heads) bytes += double(head.byte_count());
    try {
        for (const npy::header& head : heads)
            mips.push_back({head, std::vector<std::byte>(head.byte_count())});
    } catch (const std::bad_alloc&) {
        throw std::runtime_error(from.name + ": not enough memory for its mips, " +
                                 std::to_string(std::llround(bytes / (1 << 20))) +
                                 " MiB; volume_pyramid takes less");
    }
    return mips;
}

void compute(const source& from, const recipe& wanted, std::vector<mip>& mips) {
    npy::visit_type(from.head.type, [&]<class T>() {
        std::vector<tb::volume_view<T, padded_rank>> outputs;
        for (mip& m : mips) outputs.push_back(view_of(reinterpret_cast<T*>(m.bytes.data()), m.head));
        downsample<T>(wanted, view_of(reinterpret_cast<const T*>(from.data), from.head), outputs);
    });
}

// The picture lies in the two axes that shrink the most, for those are the finely sampled ones; of equals, in
// those closest together in memory.
contact_sheet::framing choose_slice(const npy::header& head, const padded& total_factor) {
    const padded shape = pad(head.shape);
    std::vector<std::size_t> axes;
    for (std::size_t i = 0; i < padded_rank; ++i)
        axes.push_back(head.fortran_order ? i : padded_rank - 1 - i);
    std::stable_sort(axes.begin(), axes.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(shape[a] > 1, total_factor[a]) > std::pair(shape[b] > 1, total_factor[b]);
    });
    const auto closer = [&](std::size_t a, std::size_t b) { return head.fortran_order ? a < b : a > b; };
    if (!closer(axes[0], axes[1]) && shape[axes[1]] > 1) std::swap(axes[0], axes[1]);
    return contact_sheet::frame(axes[0], axes[1], shape[axes[0]], shape[axes[1]]);
}

std::string shape_text(const npy::header& head) {
    std::string text;
    for (const index_t extent : head.shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return text;
}

// Integers of 32 bits and more are labels, unless somebody averages them.
bool are_labels(const npy::dtype& type, method how) {
    return how == method::mode || (how != method::average && type.kind != 'f' && type.bytes >= 4);
}

contact_sheet::picture draw_contact_sheet(const source& from, const std::vector<mip>& mips,
                                          const recipe& wanted) {
    padded total;
    total.fill(1);
    std::vector<padded> totals{total};
    for (const padded& factor : wanted.factors) {
        for (std::size_t axis = 0; axis < padded_rank; ++axis)
            // More voxels than any axis has are as good as all of them.
            total[axis] = std::min(total[axis], largest_number / factor[axis]) * factor[axis];
        totals.push_back(total);
    }
    const contact_sheet::framing frame = choose_slice(from.head, total);

    std::vector<std::pair<std::string, contact_sheet::picture>> panels;
    contact_sheet::contrast grey_of;
    npy::visit_type(from.head.type, [&]<class T>() {
        for (std::size_t m = 0; m <= mips.size(); ++m) {
            const npy::header& head = m == 0 ? from.head : mips[m - 1].head;
            const auto* data = reinterpret_cast<const T*>(m == 0 ? from.data : mips[m - 1].bytes.data());
            const auto slice = contact_sheet::middle_slice(view_of(data, head), frame);
            const index_t across = totals[m][frame.horizontal], down = totals[m][frame.vertical];
            const std::string caption = "mip " + std::to_string(m) + "  " + shape_text(head);
            if (are_labels(from.head.type, wanted.how)) {
                panels.emplace_back(caption, contact_sheet::label_picture(slice, frame, across, down));
                continue;
            }
            const std::vector<double> values = contact_sheet::image_values(slice, frame, across, down);
            if (m == 0) grey_of = contact_sheet::contrast_of(values);
            contact_sheet::picture panel(frame.panel_width, frame.panel_height);
            std::transform(values.begin(), values.end(), panel.pixels.begin(), grey_of);
            panels.emplace_back(caption, std::move(panel));
        }
    });
    return contact_sheet::arrange(panels);
}

void print_written(const std::string& file_name, const std::string& what, clock_type::time_point start) {
    std::printf("  %-22s %8.1f ms to write %s\n", what.c_str(), milliseconds_since(start), file_name.c_str());
}

void write_npy(output_folder& out, const std::string& file_name, const npy::header& head,
               std::span<const std::byte> data) {
    const std::string lead = npy::format(head);
    const std::span<const std::byte> pieces[] = {std::as_bytes(std::span(lead)), data};
    const auto start = clock_type::now();
    out.write(file_name, pieces);
    print_written(file_name, shape_text(head), start);
}

void check_meaning(const npy::dtype& type, const settings& chosen, method how) {
    if (how == method::average && type.kind == 'b')
        throw bad_input("--method average is not for bool; mode, min, max, median and stride are");
    if (type.kind == 'f' && chosen.options.round != tb::rounding::toward_zero)
        throw bad_input("--rounding is for integers, and the volume is " + npy::name(type));
}

void print_headline(const source& from, const settings& chosen, const recipe& wanted, double milliseconds) {
    double voxels = 1;
    for (const index_t extent : from.head.shape) voxels *= double(extent);
    std::printf("%s: %s, %s, %s order, %.1f MVx\n", from.name.c_str(), shape_text(from.head).c_str(),
                npy::name(from.head.type).c_str(), from.head.fortran_order ? "Fortran" : "C", voxels / 1e6);
    std::printf("  %s%s, %zu mip%s in one pass, %d thread%s: %.1f ms, %.0f MVx/s\n",
                wanted.sparse ? "sparse " : "", name(wanted.how).c_str(), wanted.factors.size(),
                wanted.factors.size() == 1 ? "" : "s", chosen.threads, chosen.threads == 1 ? "" : "s",
                milliseconds, voxels / milliseconds / 1e3);
}

// What a volume becomes, settled before anything is made of it.
struct plan {
    method how;
    recipe wanted;
    std::vector<npy::header> heads;
    std::string picture;              // empty: there is nothing to see
    std::vector<std::string> arrays;  // of mip 1 ...

    std::vector<std::string> files() const {
        std::vector<std::string> all = arrays;
        if (!picture.empty()) all.push_back(picture);
        return all;
    }
};

std::string array_name(const std::string& volume, std::size_t m) {
    return volume + "_mip" + std::to_string(m) + ".npy";
}

// Throws for all that is wrong with what was asked.
plan make_plan(const std::string& name, const npy::header& head, const settings& chosen, method how) {
    check_meaning(head.type, chosen, how);
    plan made{.how = how, .wanted = chosen.options, .heads = {}, .picture = {}, .arrays = {}};
    made.wanted.how = how;
    made.wanted.factors = chosen.factor_of_each_mip(head.shape);
    check_with_library(made.wanted, head.type);
    made.heads = heads_of_mips(head, made.wanted.factors);
    if (head.byte_count() != 0) made.picture = name + "_" + ::name(how) + ".png";
    for (std::size_t m = 1; m <= made.heads.size(); ++m) made.arrays.push_back(array_name(name, m));
    return made;
}

void make_pyramid(const source& from, const settings& chosen, const plan& planned, output_folder& out) {
    recipe wanted = planned.wanted;
    std::vector<mip> mips = allocate_mips(from, planned.heads);
    const auto start = clock_type::now();
    {
        progress shown;
        wanted.run_on = shown.watch(chosen.threads);
        compute(from, wanted, mips);
    }
    print_headline(from, chosen, wanted, milliseconds_since(start));

    if (!planned.picture.empty()) {
        const contact_sheet::picture sheet = draw_contact_sheet(from, mips, wanted);
        const auto begin = clock_type::now();
        out.write(planned.picture, [&](std::FILE* file) { return write_png(file, sheet); });
        print_written(planned.picture, "the middle slices", begin);
    }
    if (from.made_here)
        write_npy(out, array_name(from.name, 0), from.head, {from.data, from.head.byte_count()});
    for (std::size_t m = 0; m < mips.size(); ++m) {
        if (mips[m].head.type.foreign) npy::swap_bytes(mips[m].bytes, mips[m].head.type.bytes);
        write_npy(out, planned.arrays[m], mips[m].head, mips[m].bytes);
    }
}

// A run of fewer mips into the same folder leaves the others there, of whatever method.
void warn_of_older_mips(const settings& chosen, const std::string& name, const plan& planned) {
    std::error_code ignored;
    const std::filesystem::path next = chosen.out / array_name(name, planned.arrays.size() + 1);
    if (std::filesystem::exists(next, ignored))
        std::fprintf(stderr, "pyramid: warning: %s is of an earlier run, and was left as it is\n",
                     next.c_str());
}

template <class T>
source built_in(const tb::volume<T, 3>& volume, const std::string& name, const npy::header& head) {
    return {name, head, reinterpret_cast<const std::byte*>(volume.data()), true};
}

template <class T>
npy::header built_in_head(const settings& chosen) {
    return {{'u', sizeof(T), false}, true, {chosen.built_in_shape.begin(), chosen.built_in_shape.end()}};
}

void run_built_in(const settings& chosen) {
    const npy::header image = built_in_head<std::uint8_t>(chosen),
                      labels = built_in_head<std::uint32_t>(chosen);
    const plan of_image = make_plan("em", image, chosen, chosen.how.value_or(method::average));
    const plan of_labels = make_plan("labels", labels, chosen, chosen.how.value_or(method::mode));
    std::vector<std::string> files{array_name("em", 0), array_name("labels", 0)};
    for (const plan* p : {&of_image, &of_labels})
        for (const std::string& file : p->files()) files.push_back(file);
    output_folder out(chosen.out, files);
    const synthetic_tissue tissue = [&] {
        progress shown;
        return make_synthetic_tissue(chosen.built_in_shape, shown.watch(chosen.threads));
    }();
    make_pyramid(built_in(tissue.image, "em", image), chosen, of_image, out);
    make_pyramid(built_in(tissue.labels, "labels", labels), chosen, of_labels, out);
    out.commit();
    warn_of_older_mips(chosen, "em", of_image);
    warn_of_older_mips(chosen, "labels", of_labels);
}

void run_on_file(const settings& chosen) {
    const npy::array volume(chosen.input);
    const std::string name = chosen.input.stem().string();
    const plan planned = make_plan(name, volume.head(), chosen, *chosen.how);
    output_folder out(chosen.out, planned.files());
    make_pyramid({name, volume.head(), volume.data()}, chosen, planned, out);
    volume.check_unchanged();
    out.commit();
    warn_of_older_mips(chosen, name, planned);
}

void run(const settings& chosen) {
    if (chosen.input.empty()) {
        run_built_in(chosen);
    } else {
        run_on_file(chosen);
    }
    std::printf("written to %s; look at the .png\n", chosen.out.c_str());
}

int complain(const std::string& what, int status) {
    std::fflush(stdout);
    std::fprintf(stderr, "pyramid: %s\n", what.c_str());
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    keep_standard_streams();
    catch_signals();
    try {
        const auto chosen = parse_command_line(argc, argv);
        if (chosen) run(*chosen);
        return 0;
    } catch (const bad_input& problem) {
        return complain(problem.what(), 2);
    } catch (const npy::error& problem) {
        return complain(problem.what(), 2);
    } catch (const std::logic_error& problem) {  // what the library refuses
        return complain(problem.what(), 2);
    } catch (const interrupted& by) {
        complain(by.text() + "; no results were written", 1);
        return end_by(by.signal);
    } catch (const std::bad_alloc&) {
        return complain("not enough memory; fewer --threads take less, and volume_pyramid far less", 1);
    } catch (const std::exception& problem) {
        return complain(problem.what(), 1);
    }
}
