// SPDX-License-Identifier: BSL-1.0
// A team over MPI. Rank 0 leads.
#define OMPI_SKIP_MPICXX  // the C interface is enough
#include <mpi.h>

#include "bad_input.hpp"
#include "team.hpp"

namespace volumes {
namespace {

constexpr int to_leader = 1, to_follower = 2;

class mpi_team : public team {
public:
    mpi_team(int& argc, char**& argv) {
        int provided = 0;
        MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
        if (provided < MPI_THREAD_FUNNELED) throw bad_input("this MPI does not allow threads beside it");
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
    }
    ~mpi_team() override { MPI_Finalize(); }
    mpi_team(const mpi_team&) = delete;
    mpi_team& operator=(const mpi_team&) = delete;

    bool leads() const override { return rank_ == 0; }
    int size() const override { return size_; }

    std::string share(const std::string& from_leader) override {
        auto length = static_cast<int>(from_leader.size());
        MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
        std::string text = leads() ? from_leader : std::string(static_cast<std::size_t>(length), '\0');
        MPI_Bcast(text.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD);
        return text;
    }

    std::optional<std::pair<int, std::string>> hear_follower() override {
        int there = 0, length = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, to_leader, MPI_COMM_WORLD, &there, &status);
        if (there == 0) return std::nullopt;
        MPI_Get_count(&status, MPI_CHAR, &length);
        std::string text(static_cast<std::size_t>(length), '\0');
        MPI_Recv(text.data(), length, MPI_CHAR, status.MPI_SOURCE, to_leader, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        return std::pair(status.MPI_SOURCE, std::move(text));
    }

    void tell_follower(int follower, index_t word) override {
        MPI_Send(&word, sizeof word, MPI_BYTE, follower, to_follower, MPI_COMM_WORLD);
    }

    void tell_leader(const std::string& text) override {
        MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, to_leader, MPI_COMM_WORLD);
    }

    std::optional<index_t> hear_leader() override {
        int there = 0;
        MPI_Iprobe(0, to_follower, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
        if (there == 0) return std::nullopt;
        index_t word = 0;
        MPI_Recv(&word, sizeof word, MPI_BYTE, 0, to_follower, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        return word;
    }

    void abandon() override { MPI_Abort(MPI_COMM_WORLD, 1); }

private:
    int rank_ = 0, size_ = 1;
};

}  // namespace

std::unique_ptr<team> join_team(int& argc, char**& argv) {
    if (started_together() == 0) return std::make_unique<team>();
    return std::make_unique<mpi_team>(argc, argv);
}

}  // namespace volumes
