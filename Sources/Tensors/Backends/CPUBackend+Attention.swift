import CKernels

/// Attention over the cache, one query head of one row at a time.
extension CPUBackend {
    package func store(
        keys: any DeviceBuffer, values: any DeviceBuffer, in cache: any DeviceCache, layer: Int,
        slots: [Int32]
    ) {
        let cache = cpu(cache)
        let (keys, values) = (cpu(keys), cpu(values))
        let size = cache.shape.headSize
        for (row, slot) in slots.enumerated() {
            for head in 0..<cache.shape.heads {
                cache.write(
                    keys.row(row) + head * size,
                    to: cache.keys(layer: layer, head: head, slot: Int(slot)))
                cache.write(
                    values.row(row) + head * size,
                    to: cache.values(layer: layer, head: head, slot: Int(slot)))
            }
        }
    }

    package func attend(
        _ queries: any DeviceBuffer, cache: any DeviceCache, layer: Int,
        sequences: [SequenceRows], into out: any DeviceBuffer
    ) {
        let cache = cpu(cache)
        let queries = cpu(queries)
        let out = cpu(out)
        let size = cache.shape.headSize
        let heads = queries.width / size
        let group = heads / cache.shape.heads
        let type = cache.shape.format.kernelType
        let scale = 1 / Float(size).squareRoot()
        for sequence in sequences {
            let first = sequence.length - sequence.count
            pool.run(sequence.count * heads) { item, thread in
                let (index, head) = (item / heads, item % heads)
                let row = sequence.firstRow + index
                let visible = first + index + 1
                let scores = scratch[thread].scores(visible)
                let query = queries.row(row) + head * size
                forEachRun(of: sequence.spans, visible: visible) { position, slot, count in
                    ck_attention_scores(
                        type, Int64(count), Int64(size), query,
                        cache.keys(layer: layer, head: head / group, slot: slot), scale,
                        scores + position)
                }
                ck_softmax(Int64(visible), scores, 1)
                let target = out.row(row) + head * size
                target.update(repeating: 0, count: size)
                forEachRun(of: sequence.spans, visible: visible) { position, slot, count in
                    ck_attention_mix(
                        type, Int64(count), Int64(size), scores + position,
                        cache.values(layer: layer, head: head / group, slot: slot), target)
                }
            }
        }
    }

    /// Calls `body` for the runs of adjacent slots of the first `visible` positions, in order.
    private func forEachRun(
        of spans: [Range<Int>], visible: Int,
        _ body: (_ position: Int, _ slot: Int, _ count: Int) -> Void
    ) {
        var position = 0
        for span in spans where position < visible {
            let count = min(span.count, visible - position)
            body(position, span.lowerBound, count)
            position += count
        }
    }
}

extension CPUCache {
    /// Rounds a head's elements to the cache's format.
    fileprivate func write(_ source: UnsafePointer<Float>, to target: UnsafeMutableRawPointer) {
        switch shape.format {
        case .f32:
            target.assumingMemoryBound(to: Float.self).update(from: source, count: shape.headSize)
        case .f16:
            ck_f32_to_f16(
                Int64(shape.headSize), source, target.assumingMemoryBound(to: UInt16.self))
        }
    }
}

extension CacheFormat {
    fileprivate var kernelType: Int32 {
        Int32(self == .f32 ? CK_F32.rawValue : CK_F16.rawValue)
    }
}
