/// Values of p for several tests at once, raised so that all together err as rarely as one.
///
/// S. Holm, "A simple sequentially rejective multiple test procedure", 1979.
enum HolmCorrection {
    /// In the order given.
    static func adjusted(_ values: [Double]) -> [Double] {
        var result = values
        var largest = 0.0
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        for (place, index) in order.enumerated() {
            largest = max(largest, min(1, Double(values.count - place) * values[index]))
            result[index] = largest
        }
        return result
    }
}
