// Threads of C++: futures, exceptions between threads, a pool, thread-local objects.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

class Pool {
public:
    explicit Pool(unsigned n) {
        for (unsigned i = 0; i < n; i++)
            threads.emplace_back([this] { run(); });
    }
    ~Pool() {
        {
            std::lock_guard<std::mutex> hold(lock);
            closing = true;
        }
        changed.notify_all();
        for (auto &t : threads)
            t.join();
    }
    template <class F> auto submit(F f) -> std::future<decltype(f())> {
        auto task = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
        auto result = task->get_future();
        {
            std::lock_guard<std::mutex> hold(lock);
            tasks.emplace_back([task] { (*task)(); });
        }
        changed.notify_one();
        return result;
    }

private:
    void run() {
        for (;;) {
            std::unique_lock<std::mutex> hold(lock);
            changed.wait(hold, [this] { return closing || !tasks.empty(); });
            if (tasks.empty())
                return;
            auto task = std::move(tasks.front());
            tasks.pop_front();
            hold.unlock();
            task();
        }
    }
    std::mutex lock;
    std::condition_variable changed;
    std::deque<std::function<void()>> tasks;
    std::vector<std::thread> threads;
    bool closing = false;
};

static std::atomic<int> destroyed;
struct Local {
    int n = 0;
    ~Local() { destroyed += n; }
};
static thread_local Local local;

int main() {
    {
        Pool pool(4);
        std::vector<std::future<long>> parts;
        for (int i = 0; i < 16; i++)
            parts.push_back(pool.submit([i] {
                local.n++;
                std::vector<long> v(500);
                std::iota(v.begin(), v.end(), i * 500L);
                return std::accumulate(v.begin(), v.end(), 0L);
            }));
        long sum = 0;
        for (auto &p : parts)
            sum += p.get();
        auto bad = pool.submit([]() -> int { throw std::runtime_error("thrown in a thread"); });
        try {
            bad.get();
        } catch (const std::exception &e) {
            std::cout << "sum " << sum << ", " << e.what() << "\n";
        }
    }
    std::cout << "destroyed " << destroyed << "\n";
    std::shared_mutex shared;
    std::atomic<long> reads{0}, writes{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; i++)
        threads.emplace_back([&, i] {
            for (int k = 0; k < 20; k++)
                if (i < 4) {
                    std::shared_lock<std::shared_mutex> hold(shared);
                    reads++;
                } else {
                    std::unique_lock<std::shared_mutex> hold(shared);
                    writes++;
                    std::this_thread::yield();
                }
        });
    for (auto &t : threads)
        t.join();
    std::promise<std::string> promise;
    auto later = promise.get_future();
    std::thread teller([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        promise.set_value("told");
    });
    bool waited = later.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout;
    std::cout << reads << " reads, " << writes << " writes, " << (waited ? "waited, " : "")
              << later.get() << "\n";
    teller.join();
}
