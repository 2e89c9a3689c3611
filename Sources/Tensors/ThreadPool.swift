import Basics
import CKernels
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Threads that stay alive and share the items of one job at a time.
///
/// Workers spin for a moment after a job, because the next one of a forward pass comes within
/// microseconds, and park on a condition variable when none does. The caller works too, and
/// waits only for workers that have entered the job: one that the system has put to sleep does
/// not hold it up.
///
/// Each thread has a range of items of its own, one after the other, and helps the others when it
/// is done. So it goes on reading where its weights have been fetched ahead, finds in its cache the
/// rows that it wrote in the job before, and seldom writes to a line that another one writes to.
package final class ThreadPool: @unchecked Sendable {
    /// The caller's thread included.
    package let threadCount: Int

    // state = generation << 32 | open << 31 | workers inside. A worker enters by counting itself
    // in while `open` is set; the caller closes the job before it waits for the count to fall.
    private let state = Atomic<UInt64>(0)
    /// The next item of each thread's range, every one in cache lines of its own.
    private let nextItems: UnsafeMutablePointer<Atomic<Int>>
    private static let spacing = 128 / MemoryLayout<Atomic<Int>>.stride
    private let parked = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private var itemCount = 0
    private var body: ((_ item: Int, _ thread: Int) -> Void)?
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private static let openBit: UInt64 = 1 << 31
    private static let countMask: UInt64 = openBit - 1
    /// About 0.1 ms on current processors.
    private static let spins = 4000

    package init(threadCount: Int) {
        precondition(threadCount >= 1, "a pool needs at least the caller's thread")
        self.threadCount = threadCount
        nextItems = .allocate(capacity: threadCount * Self.spacing)
        for index in 0..<threadCount * Self.spacing {
            (nextItems + index).initialize(to: Atomic(0))
        }
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
        for index in 1..<max(threadCount, 1) {
            WorkerThread.start { [self] in work(thread: index) }
        }
    }

    /// Runs `body(item, thread)` for every item in 0..<count, each once, in any order.
    ///
    /// - Parameter thread: 0..<threadCount, for scratch space; distinct among concurrent calls.
    package func run(_ count: Int, _ body: (_ item: Int, _ thread: Int) -> Void) {
        if threadCount == 1 || count <= 1 {
            for item in 0..<count { body(item, 0) }
            return
        }
        withoutActuallyEscaping(body) { escaping in
            self.body = escaping
            itemCount = count
            for thread in 0..<threadCount {
                nextItems[thread * Self.spacing].store(
                    firstItem(of: thread), ordering: .relaxed)
            }
            let generation = (state.load(ordering: .relaxed) >> 32) &+ 1
            state.store(generation << 32 | Self.openBit, ordering: .sequentiallyConsistent)
            if parked.load(ordering: .sequentiallyConsistent) > 0 {
                pthread_mutex_lock(mutex)
                pthread_cond_broadcast(wake)
                pthread_mutex_unlock(mutex)
            }
            drain(thread: 0, body: escaping)
            _ = state.bitwiseAnd(~Self.openBit, ordering: .acquiringAndReleasing)
            var spin = 0
            while state.load(ordering: .acquiring) & Self.countMask != 0 {
                spin += 1
                // A worker that takes this long has lost its core to somebody: to us, maybe.
                if spin < Self.spins { ck_spin_hint() } else { sched_yield() }
            }
            self.body = nil
        }
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        wake.deallocate()
        mutex.deallocate()
        nextItems.deallocate()
    }

    /// Ends the workers, which otherwise keep the pool alive.
    ///
    /// It must not be used afterwards.
    package func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }

    private func drain(thread: Int, body: (Int, Int) -> Void) {
        for turn in 0..<threadCount {
            let owner = (thread + turn) % threadCount
            let end = firstItem(of: owner + 1)
            while true {
                let item = nextItems[owner * Self.spacing].wrappingAdd(1, ordering: .relaxed)
                    .oldValue
                if item >= end { break }
                body(item, thread)
            }
        }
    }

    private func firstItem(of thread: Int) -> Int { thread * itemCount / threadCount }

    private func work(thread: Int) {
        var last: UInt64 = 0
        while let generation = waitForJob(after: last) {
            last = generation
            if let body { drain(thread: thread, body: body) }
            _ = state.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Waits for an open job that this worker has not seen and enters it; nil at the end.
    private func waitForJob(after last: UInt64) -> UInt64? {
        var spin = 0
        while !isStopping.load(ordering: .relaxed) {
            let current = state.load(ordering: .acquiring)
            if current & Self.openBit != 0, current >> 32 != last {
                let (entered, _) = state.compareExchange(
                    expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
                if entered { return current >> 32 }
                continue
            }
            spin += 1
            if spin < Self.spins {
                ck_spin_hint()
            } else {
                park(after: last)
                spin = 0
            }
        }
        return nil
    }

    private func park(after last: UInt64) {
        pthread_mutex_lock(mutex)
        parked.add(1, ordering: .sequentiallyConsistent)
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            let current = state.load(ordering: .sequentiallyConsistent)
            if current & Self.openBit != 0, current >> 32 != last { break }
            pthread_cond_wait(wake, mutex)
        }
        parked.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }
}
