// SPDX-License-Identifier: BSL-1.0
// What README.md shows of other calls, compiled and run.
#include <tinybrain/tinybrain.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <mutex>
#include <queue>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace tb = tinybrain;

namespace {

// Any thread pool with something like post() would do.
class thread_pool {
public:
    explicit thread_pool(int threads) {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    }
    ~thread_pool() {
        post(nullptr);
        for (std::thread& thread : threads_) thread.join();
    }
    void post(std::function<void()> work) {
        const std::lock_guard lock(mutex_);
        queue_.push(std::move(work));
        ++unfinished_;
        ready_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return unfinished_ == 0; });
    }

private:
    void run() {
        for (;;) {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [this] { return !queue_.empty(); });
            const std::function<void()> work = queue_.front();
            if (work) queue_.pop();
            lock.unlock();
            if (!work) return ready_.notify_one();  // no more: the others are to see that too
            work();
            lock.lock();
            if (--unfinished_ == 0) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable ready_, done_;
    int unfinished_ = 0;
    std::queue<std::function<void()>> queue_;
    std::vector<std::thread> threads_;
};

// A store of a volume and its mips, which are in memory here.
class store {
public:
    store(const tb::index_array<3>& shape, const tb::index_array<3>& factor, int num_mips) {
        for (int m = 0; m <= num_mips; ++m) mips_.emplace_back(tb::mip_shape(shape, factor, m));
        for (std::size_t i = 0; std::uint64_t & label : mips_[0]) label = 7 * (i++ / 1000 % 31);
    }
    tb::volume<std::uint64_t, 3> load(const tb::box<3>& box) const {
        return tb::volume(mips_[0].view().part(box));
    }
    void save(int mip, const tb::box<3>& box, const tb::volume<std::uint64_t, 3>& labels) {
        // Factors of 1 copy.
        tb::volume<std::uint64_t, 3>& whole = mips_[static_cast<std::size_t>(mip)];
        tb::downsample_with_striding_into(labels, {1, 1, 1}, whole.view().part(box));
    }
    const std::vector<tb::volume<std::uint64_t, 3>>& mips() const { return mips_; }

private:
    std::vector<tb::volume<std::uint64_t, 3>> mips_;
};

bool into_memory_of_your_own() {
    const tb::index_t nx = 30, ny = 20, nz = 10;
    std::vector<float> voxels(30 * 20 * 10, 1.5F);
    const float* pointer = voxels.data();
    // [quote memory begins]
    // (z, y, x) as NumPy has it. Factors, and the scan order that decides ties, follow the axes' names.
    const auto image = tb::c_order(pointer, {nz, ny, nx});

    // Into memory of your own: views, volumes or mdspans; one, several in braces, or a range.
    std::vector<float> half(10 * 10 * 15);
    tb::downsample_with_averaging_into(image, {1, 2, 2}, tb::c_order(std::span(half), {10, 10, 15}));
    // [quote memory ends]
    return half.front() == 1.5F && half.back() == 1.5F;
}

bool colours() {
    const int width = 40, height = 30;
    const std::vector<std::uint8_t> bytes(3 * 40 * 30, 9);
    const std::uint8_t* pixels = bytes.data();
    // [quote colours begins]
    // RGB, RGB, ...: the channels are an axis like any other, left alone by a factor of 1.
    const auto thumbnails =
        tb::downsample_with_averaging(tb::fortran_order(pixels, {3, width, height}), {1, 4, 4});
    // [quote colours ends]
    return thumbnails[0].shape() == tb::index_array<3>{3, 10, 8} && thumbnails[0](2, 9, 7) == 9;
}

bool in_chunks() {
    const tb::index_array<3> shape{100, 70, 30};
    store labels(shape, {2, 2, 1}, 3);
    thread_pool pool(3);
    // [quote chunks begins]
    // Chunk by chunk, in a pool that helps with each chunk too: the same labels as of the whole volume.
    const auto in_pool = tb::submit_to([&](auto work) { pool.post(std::move(work)); }, 3);
    const tb::chunk_grid<3> grid(shape, {64, 64, 16}, {2, 2, 1}, 3);
    for (tb::index_t i = 0; i < grid.size(); ++i)
        pool.post([&, i] {
            const auto chunk = labels.load(grid.source(i));
            const auto mips = tb::downsample_segmentation(chunk, {2, 2, 1}, 3, {.run_on = in_pool});
            for (int m = 1; const auto& mip : mips) {
                labels.save(m, grid.mip(i, m), mip);
                ++m;
            }
        });
    pool.wait();
    // [quote chunks ends]
    const auto whole = tb::downsample_segmentation(labels.mips()[0], {2, 2, 1}, 3);
    for (std::size_t m = 0; m < whole.size(); ++m)
        if (!(labels.mips()[m + 1] == whole[m])) return false;
    return true;
}

}  // namespace

int main() {
    const std::pair<const char*, bool> results[] = {{"into memory of your own", into_memory_of_your_own()},
                                                    {"colours", colours()},
                                                    {"in chunks", in_chunks()}};
    bool good = true;
    for (const auto& [name, right] : results) {
        std::printf("%s: %s\n", name, right ? "ok" : "WRONG");
        good = good && right;
    }
    return good ? 0 : 1;
}
