import CKernels
import COpenBLAS

/// Attention over the cache: per row for a few rows, as two matrix products for blocks of rows.
extension CPUBackend {
    /// Query rows that share one product; their scores stay in the second-level cache.
    private static let queryBlock = 64

    package func store(
        keys: any DeviceBuffer, values: any DeviceBuffer, in cache: any DeviceCache, layer: Int,
        first: Int,
        rows: Int
    ) {
        let cache = cpu(cache)
        let size = cache.shape.headSize
        for (source, isKey) in [(cpu(keys), true), (cpu(values), false)] {
            for head in 0..<cache.shape.heads {
                let target =
                    isKey
                    ? cache.keys(layer: layer, head: head, slot: first)
                    : cache.values(layer: layer, head: head, slot: first)
                for row in 0..<rows {
                    let from = source.row(row) + head * size
                    switch cache.shape.format {
                    case .f32:
                        (target + row * size * 4).assumingMemoryBound(to: Float.self)
                            .update(from: from, count: size)
                    case .f16:
                        ck_f32_to_f16(
                            Int64(size), from,
                            (target + row * size * 2).assumingMemoryBound(to: UInt16.self))
                    }
                }
            }
        }
    }

    package func attend(
        _ queries: any DeviceBuffer, cache: any DeviceCache, layer: Int, first: Int, rows: Int,
        into out: any DeviceBuffer
    ) {
        let cache = cpu(cache)
        let queries = cpu(queries)
        let out = cpu(out)
        if rows < Self.panelThreshold {
            attendByRow(queries, cache, layer: layer, first: first, rows: rows, out)
        } else {
            attendByBlock(queries, cache, layer: layer, first: first, rows: rows, out)
        }
    }

    private func attendByRow(
        _ queries: CPUBuffer, _ cache: CPUCache, layer: Int, first: Int, rows: Int,
        _ out: CPUBuffer
    ) {
        let size = cache.shape.headSize
        let heads = queries.width / size
        let group = heads / cache.shape.heads
        let type = cache.shape.format.kernelType
        let scale = 1 / Float(size).squareRoot()
        pool.run(rows * heads) { item, thread in
            let (row, head) = (item / heads, item % heads)
            let visible = first + row + 1
            let scores = scratch[thread].scores(visible)
            let keys = cache.keys(layer: layer, head: head / group, slot: 0)
            let values = cache.values(layer: layer, head: head / group, slot: 0)
            ck_attention_scores(
                type, Int64(visible), Int64(size), queries.row(row) + head * size, keys, scale,
                scores)
            ck_softmax(Int64(visible), scores, 1)
            let target = out.row(row) + head * size
            target.update(repeating: 0, count: size)
            ck_attention_mix(type, Int64(visible), Int64(size), scores, values, target)
        }
    }

    /// One item is a key/value head and a block of query rows: the queries of all heads that
    /// share the key/value head are stacked, so that one product serves the whole group.
    private func attendByBlock(
        _ queries: CPUBuffer, _ cache: CPUCache, layer: Int, first: Int, rows: Int,
        _ out: CPUBuffer
    ) {
        let size = cache.shape.headSize
        let group = queries.width / size / cache.shape.heads
        let blocks = (rows + Self.queryBlock - 1) / Self.queryBlock
        let scale = 1 / Float(size).squareRoot()
        pool.run(blocks * cache.shape.heads) { item, thread in
            // Late blocks see more positions: start with them, so that threads end together.
            let firstRow = (blocks - 1 - item / cache.shape.heads) * Self.queryBlock
            let head = item % cache.shape.heads
            let count = min(Self.queryBlock, rows - firstRow)
            let visible = first + firstRow + count
            let scratch = scratch[thread]

            let stacked = scratch.queries(group * count * size)
            for member in 0..<group {
                for row in 0..<count {
                    (stacked + (member * count + row) * size).update(
                        from: queries.row(firstRow + row) + (head * group + member) * size,
                        count: size)
                }
            }
            let scores = scratch.scores(group * count * visible)
            let keys = floats(
                cache.keys(layer: layer, head: head, slot: 0), count: visible * size,
                format: cache.shape.format, scratch: scratch)
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, Int32(group * count), Int32(visible),
                Int32(size), scale, stacked, Int32(size), keys, Int32(size), 0, scores,
                Int32(visible))
            for member in 0..<group {
                for row in 0..<count {
                    let line = scores + (member * count + row) * visible
                    let seen = first + firstRow + row + 1
                    ck_softmax(Int64(seen), line, 1)
                    (line + seen).update(repeating: 0, count: visible - seen)
                }
            }
            let values = floats(
                cache.values(layer: layer, head: head, slot: 0), count: visible * size,
                format: cache.shape.format, scratch: scratch)
            let mixed = scratch.mixed(group * count * size)
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(group * count), Int32(size),
                Int32(visible), 1, scores, Int32(visible), values, Int32(size), 0, mixed,
                Int32(size))
            for member in 0..<group {
                for row in 0..<count {
                    (out.row(firstRow + row) + (head * group + member) * size).update(
                        from: mixed + (member * count + row) * size, count: size)
                }
            }
        }
    }

    private func floats(
        _ source: UnsafeMutableRawPointer, count: Int, format: CacheFormat, scratch: Scratch
    ) -> UnsafePointer<Float> {
        switch format {
        case .f32: return UnsafePointer(source.assumingMemoryBound(to: Float.self))
        case .f16:
            let panel = scratch.panel(count)
            ck_dequantize(format.kernelType, source, Int64(count), panel)
            return UnsafePointer(panel)
        }
    }
}

extension CacheFormat {
    fileprivate var kernelType: Int32 {
        Int32(self == .f32 ? CK_F32.rawValue : CK_F16.rawValue)
    }
}
