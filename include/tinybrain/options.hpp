// SPDX-License-Identifier: BSL-1.0
// What a caller chooses: rounding, edges, ties, votes, and who runs the work.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tinybrain/detail/base/fail.hpp>
#include <tinybrain/detail/base/index_math.hpp>

TINYBRAIN_NAMESPACE_BEGIN

/// How the exact mean of integers becomes an integer. Floating-point means ignore it.
enum class rounding {
    toward_zero,  ///< the fraction is dropped; what the tinybrain of Python does
    half_up,      ///< floor(mean + 1/2); what OpenCV does
    half_even,    ///< to the nearest, a half to the even neighbour; what TensorStore does
};

/// What an average does where a window reaches past the volume.
enum class edges {
    clip,  ///< only voxels that exist count, each once
    /// Where a window of factor 2 finds one voxel along an axis, that voxel counts twice, at every mip: its
    /// sum and, in sparse mode, its count. A voxel is then the exact mean of its window's exact, unrounded
    /// values. What the tinybrain of Python does. Factors above 2 are refused.
    replicate,
};

/// Which of several equally frequent labels a window gives. A window of background alone is no matter of
/// ties: in sparse mode it gives background.
enum class ties {
    /// A full 2x2 window (factor 2 on exactly two axes, 1 on the rest) of the labels a b c d, in scan order,
    /// gives a if a = b or a = c, else b if b = c, else d. In sparse mode background matches nothing, and the
    /// rule ends with the first of d, a, c, b that is not background. All other windows: as `first`. The rule
    /// of Countless (W. Silversmith, 2017), and the default.
    countless,
    first,   ///< the one seen first in scan order (axis 0 fastest)
    lowest,  ///< the smallest; for label types with operator<
};

/// Who votes for the label of a voxel of mip m.
enum class votes {
    previous_mip,  ///< the labels of its window at mip m - 1
    footprint,     ///< every voxel of mip 0 under it: the true mode at every mip
};

/// Runs task(0) ... task(count - 1), each once, in any order and on any thread, and returns when all are
/// done. Hand in your own to use a thread pool, see submit_to(); an empty one runs the tasks in the calling
/// thread. It must wait for the tasks that run also where one throws, and should pass the exception on; one
/// that returns before each task was run once is refused afterwards (std::logic_error). Who runs what changes
/// no bit of any result. A call may use the executor several times, one after another, each time with a task
/// for every megabyte of input or so: it is the place to show progress, or to cancel, by an exception.
///
/// @code
/// // OpenMP as the executor. No exception may leave the loop: a careful one keeps the first for after.
/// tinybrain::executor openmp = [](tinybrain::index_t count, const auto& task) {
///     #pragma omp parallel for schedule(dynamic)
///     for (tinybrain::index_t i = 0; i < count; ++i) task(i);
/// };
/// auto mips = tinybrain::downsample_with_averaging(image, {2, 2, 1}, 5, {.run_on = openmp});
/// @endcode
using executor = std::function<void(index_t count, const std::function<void(index_t)>& task)>;

namespace detail {

// The first exception of several threads, to be thrown again in the caller's.
class first_exception {
public:
    template <class Function>
    bool caught(const Function& function) {
#if TINYBRAIN_HAS_EXCEPTIONS
        try {
            function();
            return false;
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!error_) error_ = std::current_exception();
            return true;
        }
#else
        function();
        return false;
#endif
    }
    void rethrow() const {
#if TINYBRAIN_HAS_EXCEPTIONS
        if (error_) std::rethrow_exception(error_);
#endif
    }

private:
    std::mutex mutex_;
    std::exception_ptr error_;
};

// Joins what it started, whatever happens.
class thread_group {
public:
    ~thread_group() { join(); }
    template <class Function>
    void start(int n, const Function& function) {
        threads_.reserve(static_cast<std::size_t>(n));
        for (int i = 0; i < n; ++i) threads_.emplace_back(function);
    }
    void join() {
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }

private:
    std::vector<std::thread> threads_;
};

// Tasks that any number of helpers may take part in, however late they come.
class shared_work {
public:
    shared_work(index_t count, const std::function<void(index_t)>& task) : count_(count), task_(task) {}

    void help() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (closed_) return;
            ++helping_;
        }
        for (index_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) {
            if (error_.caught([&] { task_(i); })) next_.store(count_);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        if (--helping_ == 0) left_.notify_all();
    }
    // Until nobody helps any more; who comes later does nothing.
    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        closed_ = true;
        left_.wait(lock, [&] { return helping_ == 0; });
    }
    void rethrow() const { error_.rethrow(); }

private:
    index_t count_;
    const std::function<void(index_t)>& task_;
    std::atomic<index_t> next_{0};
    first_exception error_;
    std::mutex mutex_;  // of what follows
    std::condition_variable left_;
    index_t helping_ = 0;
    bool closed_ = false;
};

inline void run_on_threads(int n, index_t count, const std::function<void(index_t)>& task) {
    shared_work work(count, task);
    const auto helpers = static_cast<int>(std::min<index_t>(n, count) - 1);
    {
        thread_group group;
        // A machine that refuses a thread still has this one.
        first_exception no_thread;
        no_thread.caught([&] { group.start(helpers, [&work] { work.help(); }); });
        work.help();
    }
    work.rethrow();
}

}  // namespace detail

/// An executor of n std::threads, the calling one included: they are started by each call and joined before
/// it returns, and take the tasks one by one. Where the machine refuses a thread, those there are do the
/// work. The first exception of a task ends the others early and is thrown again in the calling thread.
///
/// @param n of any integral type; 0 for as many as the machine has, if it tells (hardware_concurrency()).
/// @return an executor that may be copied, and used by several threads at once.
/// @throws std::invalid_argument where n is below 0.
///
/// @code
/// auto mips = tinybrain::downsample_segmentation(labels, {2, 2, 2}, 4, {.run_on = tinybrain::threads(8)});
/// @endcode
template <std::integral Integer>
executor threads(Integer n) {
    if (std::is_signed_v<Integer> && n < Integer{0}) {
        detail::refuse({"threads was asked for ", n,
                        " threads, but needs at least 1, or 0 for as many as the machine has"});
    }
    constexpr int most = 1 << 20;
    const int wanted = std::cmp_greater(n, most) ? most : static_cast<int>(n);
    const int there = static_cast<int>(std::thread::hardware_concurrency());
    return [helpers = wanted > 0 ? wanted : std::max(1, there)](index_t count,
                                                                const std::function<void(index_t)>& task) {
        detail::run_on_threads(helpers, count, task);
    };
}

/// An executor from a thread pool: submit(function) hands a `std::function<void()>` to it and returns at
/// once. The calling thread takes part in the work, and waits for nothing that has not begun: so chunks that
/// run in a pool may have that pool as their executor.
///
/// @param submit copied; called by several threads at once where several use the executor. It may drop
///     functions, or run them late.
/// @param helpers how many functions each use hands over at most, so many threads beside the caller's work;
///     0 or more.
/// @return an executor that may be copied, and used by several threads at once.
/// @throws std::invalid_argument where helpers is below 0.
///
/// @code
/// const auto run_on = tinybrain::submit_to([&](auto work) { pool.post(std::move(work)); }, 7);
/// auto mips = tinybrain::downsample_with_averaging(image, {2, 2, 1}, 5, {.run_on = run_on});
/// @endcode
template <class Submit>
requires std::invocable<const Submit&, std::function<void()>> executor submit_to(Submit submit, int helpers) {
    if (helpers < 0) {
        detail::refuse({"submit_to was asked for ", helpers, " helpers, but needs 0 or more"});
    }
    return [submit = std::move(submit), helpers](index_t count, const std::function<void(index_t)>& task) {
        const auto work = std::make_shared<detail::shared_work>(count, task);
        detail::first_exception not_submitted;
        not_submitted.caught([&] {
            for (index_t i = 0; i < std::min<index_t>(helpers, count - 1); ++i)
                submit(std::function<void()>([work] { work->help(); }));
        });
        work->help();
        work->wait();
        work->rethrow();
    };
}

/// Options of downsample_with_averaging(). T is the voxel type. Designated initialisers set the ones that
/// matter: `{.sparse = true, .run_on = tinybrain::threads(8)}`.
template <class T>
struct averaging_options {
    bool sparse = false;  ///< leave voxels equal to background out of sum and count
    T background{};       ///< what sparse leaves out, and what nothing else gives; NaN: every NaN
    /// In [0, 1], with sparse: a voxel is background where less than this share of its footprint's voxels is
    /// left. Of voxels that exist, as often as they count.
    double least_coverage = 0;
    rounding round = rounding::toward_zero;  ///< of integer means
    edges edge = edges::clip;                ///< replicate takes factors of 1 and 2 only
    executor run_on{};                       ///< empty: the calling thread
};

/// Options of the min, max and median poolings. T is the voxel type.
template <class T>
struct pooling_options {
    bool sparse = false;  ///< leave voxels equal to background out
    T background{};       ///< what sparse leaves out, and what nothing else gives; NaN: every NaN
    /// In [0, 1], with sparse: a voxel is background where less than this share of its footprint's voxels is
    /// left.
    double least_coverage = 0;
    executor run_on{};  ///< empty: the calling thread
};

/// Options of striding and of downsample_with().
struct run_options {
    executor run_on{};  ///< empty: the calling thread
};

TINYBRAIN_NAMESPACE_END
