import CKernels

/// Attention over the cache, block by block of positions (`attention.c`).
extension CPUBackend {
    package func store(
        keys: any DeviceBuffer, values: any DeviceBuffer, in cache: any DeviceCache, layer: Int,
        slots: [Int32]
    ) {
        let cache = cpu(cache)
        let (keys, values) = (cpu(keys), cpu(values))
        let size = cache.shape.headSize
        let type = cache.shape.format.kernelType
        forEachRow(slots.count) { row in
            for head in 0..<cache.shape.heads {
                ck_cache_store(
                    type, Int64(size), Int64(slots[row]), keys.row(row) + head * size,
                    values.row(row) + head * size, cache.keys(layer: layer, head: head),
                    cache.values(layer: layer, head: head))
            }
        }
    }

    package func attend(
        _ queries: any DeviceBuffer, cache: any DeviceCache, layer: Int,
        sequences: [SequenceRows], into out: any DeviceBuffer
    ) {
        let cache = cpu(cache)
        let (queries, out) = (cpu(queries), cpu(out))
        let keyHeads = cache.shape.heads
        let group = queries.width / cache.shape.headSize / keyHeads
        attention.plan.update(for: sequences, group: group)
        let (plan, scratch) = (attention.plan, attention.scratch)
        let pass = AttentionPass(
            plan: plan, cache: cache, layer: layer, queries: queries, out: out, group: group)
        let unitStates = attention.states(
            plan.unitRows.count * keyHeads * group * pass.stateWidth)
        let (tiles, units) = (plan.tiles.count, plan.units.count)
        pool.run((tiles + units) * keyHeads) { item, thread in
            let (index, head) = (item / keyHeads, item % keyHeads)
            if index < tiles {
                pass.attend(plan.tiles[index], head: head, scratch: scratch[thread])
            } else {
                pass.attend(
                    plan.units[index - tiles], head: head, states: unitStates,
                    scratch: scratch[thread])
            }
        }
        let rows = plan.firstUnitRows.count
        func finish(_ item: Int) {
            pass.finish(
                plan.firstUnitRows[item % rows], head: item / rows, states: unitStates)
        }
        // A few states are merged sooner than another thread is told of them.
        if plan.unitRows.count * keyHeads * group <= Self.statesOfOneThread {
            for item in 0..<rows * keyHeads { finish(item) }
        } else {
            pool.run(rows * keyHeads) { item, _ in finish(item) }
        }
    }

    /// States whose merging takes about a microsecond.
    private static let statesOfOneThread = 64
}

/// What attention keeps between passes.
final class AttentionMemory {
    var plan = AttentionPlan()
    let scratch: [AttentionScratch]
    private let unitStates = Scratch()

    init(threads: Int) { scratch = (0..<threads).map { _ in AttentionScratch() } }

    func states(_ count: Int) -> UnsafeMutablePointer<Float> { unitStates.panel(max(count, 1)) }
}

/// Working memory of one thread.
final class AttentionScratch {
    private let regions = (0..<5).map { _ in Scratch() }
    private(set) var seen: [Int32] = []
    fileprivate var pieces: [ck_attention_piece] = []

    func queries(_ count: Int) -> UnsafeMutablePointer<Float> { regions[0].panel(count) }
    func states(_ count: Int) -> UnsafeMutablePointer<Float> { regions[1].panel(count) }
    func next(_ count: Int) -> UnsafeMutablePointer<Float> { regions[2].panel(count) }
    func keys(_ count: Int) -> UnsafeMutablePointer<Float> { regions[3].panel(count) }
    func values(_ count: Int) -> UnsafeMutablePointer<Float> { regions[4].panel(count) }

    /// `count` rows see `value(row)` positions, each `group` times.
    func see(_ count: Int, group: Int, _ value: (Int) -> Int) {
        seen.removeAll(keepingCapacity: true)
        for row in 0..<count {
            let value = Int32(value(row))
            for _ in 0..<group { seen.append(value) }
        }
    }
}

/// One layer's attention: the work of its tiles and units, for any thread.
private struct AttentionPass {
    let plan: AttentionPlan
    let cache: CPUCache
    let layer: Int
    let queries: CPUBuffer
    let out: CPUBuffer
    /// Query heads of a key/value head; their queries are stacked.
    let group: Int

    private static let block = AttentionPlan.block

    private var size: Int { cache.shape.headSize }
    var stateWidth: Int { Int(ck_attention_state_width(Int64(size))) }

    func attend(_ tile: AttentionPlan.Tile, head: Int, scratch: AttentionScratch) {
        let rows = tile.count * group
        let firstPosition = plan.firstPositions[tile.sequence] + tile.firstRow
        let firstRow = plan.firstRows[tile.sequence] + tile.firstRow
        let stacked = scratch.queries(rows * size)
        for row in 0..<tile.count {
            stack(row: firstRow + row, head: head, at: stacked + row * group * size)
        }
        let states = scratch.states(rows * stateWidth)
        let next = scratch.next(rows * stateWidth)
        for block in 0...(firstPosition + tile.count - 1) / Self.block {
            let start = block * Self.block
            scratch.see(tile.count, group: group) {
                min(max(firstPosition + $0 + 1 - start, 0), Self.block)
            }
            compute(
                sequence: tile.sequence, block: block, head: head, rows: rows, queries: stacked,
                states: block == 0 ? states : next, scratch: scratch)
            if block > 0 {
                ck_attention_merge(Int64(rows), Int64(size), scratch.seen, states, next)
            }
        }
        for row in 0..<tile.count {
            finish(row: firstRow + row, head: head, from: states + row * group * stateWidth)
        }
    }

    func attend(
        _ unit: AttentionPlan.Unit, head: Int, states: UnsafeMutablePointer<Float>,
        scratch: AttentionScratch
    ) {
        let stacked = scratch.queries(unit.count * group * size)
        for index in 0..<unit.count {
            stack(
                row: plan.unitRows[unit.firstRow + index].row, head: head,
                at: stacked + index * group * size)
        }
        scratch.see(unit.count, group: group) { plan.unitRows[unit.firstRow + $0].seen }
        compute(
            sequence: unit.sequence, block: unit.block, head: head, rows: unit.count * group,
            queries: stacked, states: state(unit.firstRow, head: head, of: states),
            scratch: scratch)
    }

    /// Merges the states of a row's blocks, of which `first` is the first.
    func finish(_ first: Int, head: Int, states: UnsafeMutablePointer<Float>) {
        let sum = state(first, head: head, of: states)
        var place = plan.unitRows[first].next
        while place >= 0 {
            ck_attention_merge(
                Int64(group), Int64(size), nil, sum, state(place, head: head, of: states))
            place = plan.unitRows[place].next
        }
        finish(row: plan.unitRows[first].row, head: head, from: sum)
    }

    private func state(
        _ place: Int, head: Int, of states: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        states + (head * plan.unitRows.count + place) * group * stateWidth
    }

    private func stack(row: Int, head: Int, at target: UnsafeMutablePointer<Float>) {
        let source = queries.row(row) + head * group * size
        // log2(e), as weights are powers of two.
        let scale = 1.442695040888963 / Float(size).squareRoot()
        for index in 0..<group * size { target[index] = source[index] * scale }
    }

    private func finish(row: Int, head: Int, from states: UnsafePointer<Float>) {
        for member in 0..<group {
            ck_attention_finish(
                Int64(size), states + member * stateWidth,
                out.row(row) + (head * group + member) * size)
        }
    }

    private func compute(
        sequence: Int, block: Int, head: Int, rows: Int, queries: UnsafePointer<Float>,
        states: UnsafeMutablePointer<Float>, scratch: AttentionScratch
    ) {
        let pieces = plan.pieces(sequence: sequence, block: block)
        let format = cache.shape.format
        let panel = CK_ATTENTION_GROUP
        let keys = UnsafeRawPointer(cache.keys(layer: layer, head: head))
        let values = UnsafeRawPointer(cache.values(layer: layer, head: head))
        var (valueStride, panelStride) = (size, panel)
        var isHalf = format == .f16
        scratch.pieces.removeAll(keepingCapacity: true)
        // Slots are used where they are; what begins within a group is brought together first.
        if size % panel == 0, format != .q8_0, plan.areWholeGroups(pieces, of: panel) {
            let bytes = format.bytes(headSize: size)
            for index in pieces {
                let piece = plan.pieces[index]
                scratch.pieces.append(
                    ck_attention_piece(
                        first: Int64(piece.first), keys: keys + piece.slot * bytes,
                        values: values + piece.slot * bytes))
            }
        } else {
            let width = (size + panel - 1) / panel * panel
            let keyBlock = scratch.keys(Self.block * size)
            let valueBlock = scratch.values(Self.block * width)
            for index in pieces {
                let piece = plan.pieces[index]
                ck_cache_load(
                    format.kernelType, Int64(size), Int64(piece.slot), Int64(piece.count),
                    Int64(piece.first), keys, values, keyBlock, valueBlock)
            }
            scratch.pieces.append(
                ck_attention_piece(first: 0, keys: keyBlock, values: valueBlock))
            (valueStride, panelStride) = (panel, Self.block * panel)
            isHalf = false
        }
        scratch.seen.withUnsafeBufferPointer { seen in
            scratch.pieces.withUnsafeBufferPointer { pieces in
                var input = ck_attention_block(
                    rows: Int64(rows), head: Int64(size), queries: queries, seen: seen.baseAddress,
                    pieces: pieces.baseAddress, piece_count: Int64(pieces.count),
                    value_stride: Int64(valueStride), value_panel_stride: Int64(panelStride),
                    half: isHalf, states: states)
                ck_attend(&input)
            }
        }
    }
}
