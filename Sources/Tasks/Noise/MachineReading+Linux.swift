#if os(Linux)
    import Basics
    import Glibc

    extension MachineReading {
        static func suspendedSeconds() -> Double { clock(CLOCK_BOOTTIME) - clock(CLOCK_MONOTONIC) }

        mutating func readCounters() {
            if let text = Self.text("/proc/stat") { take(stat: text) }
            load = Self.text("/proc/loadavg").flatMap { text in
                text.split(separator: " ").first.flatMap { Double($0) }
            }
            frequencyHertz = Self.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
                .flatMap { Double(Self.trimmed($0)) }.map { $0 * 1000 }
            temperatureCelsius = Self.text("/sys/class/thermal/thermal_zone0/temp")
                .flatMap { Double(Self.trimmed($0)) }.map { $0 / 1000 }
        }

        /// Takes the sums of `/proc/stat`.
        ///
        /// Columns after `cpu`: user, nice, system, idle, iowait, irq, softirq, steal; guests are
        /// part of user and nice.
        mutating func take(stat: String) {
            let lines = stat.split(separator: "\n")
            guard let sum = lines.first(where: { $0.hasPrefix("cpu ") }) else { return }
            let ticks = sum.split(separator: " ").dropFirst().compactMap { Double($0) }
            guard ticks.count >= 8, ticks.contains(where: { $0 > 0 }) else { return }
            let second = Double(sysconf(Int32(_SC_CLK_TCK)))
            processors = max(1, lines.count { $0.hasPrefix("cpu") } - 1)
            stealSeconds = ticks[7] / second
            busySeconds = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / second
        }

        private static func text(_ path: String) -> String? {
            (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) }
        }

        private static func trimmed(_ text: String) -> Substring {
            text.prefix { !$0.isWhitespace }
        }
    }
#endif
