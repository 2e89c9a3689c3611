import Basics
import Synchronization

/// How fast this machine reads memory that is in no cache, with all cores at it.
enum MemoryBandwidth {
    /// Bytes a second: the best of a few passes over 128 MiB per thread.
    ///
    /// Takes about a second.
    static func measure(threads: Int) -> Double {
        let words = (128 << 20) / MemoryLayout<UInt64>.size
        let passes = 4
        let times = Mutex<[[Double]]>([])
        let clock = ContinuousClock()
        for _ in 0..<threads {
            WorkerThread.start {
                let block = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: words)
                block.initialize(repeating: 1)
                var seconds: [Double] = []
                for _ in 0..<passes {
                    var sum: UInt64 = 0
                    let time = clock.measure { for word in block { sum &+= word } }
                    // The sum is used, or the loop would not be there.
                    precondition(sum == UInt64(words))
                    seconds.append(time / .seconds(1))
                }
                block.deallocate()
                times.withLock { $0.append(seconds) }
            }
        }
        while times.withLock({ $0.count }) < threads { Pause.milliseconds(5) }
        // Each thread's own best pass; together they share the memory.
        return times.withLock { all in
            all.reduce(0) { $0 + Double(words * 8) / ($1.min() ?? .infinity) }
        }
    }
}
