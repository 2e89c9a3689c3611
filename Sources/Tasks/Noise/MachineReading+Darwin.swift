#if canImport(Darwin)
    import Darwin

    extension MachineReading {
        /// Sleep goes unnoticed here: the clocks do not tell it apart.
        static func suspendedSeconds() -> Double { 0 }

        mutating func readCounters() {
            var averages = [Double](repeating: 0, count: 1)
            if getloadavg(&averages, 1) == 1 { load = averages[0] }
        }
    }
#endif
