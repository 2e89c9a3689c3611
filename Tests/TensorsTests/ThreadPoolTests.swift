import Synchronization
import Tensors
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct ThreadPoolTests {
    @Test(arguments: [1, 2, 3, 8])
    func everyItemRunsOnce(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        defer { pool.stop() }
        for count in [0, 1, 2, 7, 100, 1000] {
            let hits = UnsafeMutablePointer<Int32>.allocate(capacity: count + 1)
            hits.initialize(repeating: 0, count: count + 1)
            defer { hits.deallocate() }
            for _ in 0..<200 { pool.run(count) { item, _ in hits[item] += 1 } }
            #expect(
                (0..<count).allSatisfy { hits[$0] == 200 }, "\(threads) threads, \(count) items")
        }
    }

    @Test func threadNumbersAreDistinctWhileRunning() {
        let pool = ThreadPool(threadCount: 4)
        defer { pool.stop() }
        let inUse = (0..<4).map { _ in Box() }
        let clashes = Box()
        pool.run(4000) { _, thread in
            if inUse[thread].value.add(1, ordering: .relaxed).newValue != 1 {
                clashes.value.add(1, ordering: .relaxed)
            }
            inUse[thread].value.subtract(1, ordering: .relaxed)
        }
        #expect(clashes.value.load(ordering: .relaxed) == 0)
    }

    /// The first item waits for all others: the rest of its thread's range is done by the others.
    @Test(arguments: [2, 3, 5])
    func othersTakeOverFromAThreadThatIsHeldUp(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        defer { pool.stop() }
        let count = 100
        let others = Box()
        let deadline = ContinuousClock.now + .seconds(20)
        pool.run(count) { item, _ in
            guard item == 0 else {
                others.value.add(1, ordering: .relaxed)
                return
            }
            while others.value.load(ordering: .relaxed) < count - 1 {
                if ContinuousClock.now > deadline {
                    Issue.record("items were left to the thread that was held up")
                    return
                }
                sched_yield()
            }
        }
    }

    private final class Box: Sendable {
        let value = Atomic<Int>(0)
    }
}
