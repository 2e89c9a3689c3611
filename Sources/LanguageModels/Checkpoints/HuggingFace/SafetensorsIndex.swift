import Basics

/// `model.safetensors.index.json`: which file of a sharded checkpoint holds which tensor.
struct SafetensorsIndex: Sendable {
    static let fileName = "model.safetensors.index.json"
    /// A model of 1,000 layers has an index of 2 MB.
    private static let sizeLimit = 64 << 20

    /// The shard of every tensor, by name.
    let shardOfTensor: [String: String]
    /// Sorted.
    let shards: [String]
    private let path: String

    init(path: String) throws { try self.init(MappedFile(path: path, copying: true)) }

    init(_ file: MappedFile) throws(CheckpointError) {
        path = file.path
        let path = path
        func fail(_ problem: String) -> CheckpointError { CheckpointError(file: path, problem) }
        guard file.count <= Self.sizeLimit else {
            throw fail("it has \(file.count) bytes, wanted at most \(Self.sizeLimit).")
        }
        var map: [String: String]?
        do {
            try file.withBytes { bytes in
                var parser = JSONParser(bytes)
                try parser.object { (key, parser) throws in
                    guard key == "weight_map" else {
                        _ = try parser.value()
                        return
                    }
                    var shards: [String: String] = [:]
                    try parser.object { (tensor, parser) throws in
                        shards[tensor] = try parser.string()
                    }
                    map = shards
                }
                try parser.finish()
            }
        } catch let error as JSONSyntaxError {
            throw fail("\(error)")
        } catch {
            throw fail("\(error)")
        }
        guard let map, !map.isEmpty else {
            throw fail("there is no weight_map, or it is empty.")
        }
        for (tensor, shard) in map.sorted(by: { $0 < $1 }) {
            let isPlain = !shard.contains("/") && !shard.contains("\\") && !shard.contains("\0")
            guard isPlain, shard.hasSuffix(".safetensors"), !shard.hasPrefix(".") else {
                throw fail(
                    "tensor \(quoted(tensor)) is said to be in \(quoted(shard)); wanted the bare "
                        + "name of a .safetensors file beside the index.")
            }
        }
        shardOfTensor = map
        shards = Set(map.values).sorted()
    }

    /// Checks the shards against the index: every tensor is where the index says, and once.
    func check(_ files: [String: SafetensorsFile]) throws(CheckpointError) {
        var found: [String: String] = [:]
        for shard in shards {
            for tensor in files[shard]?.tensors ?? [] {
                if let other = found.updateValue(shard, forKey: tensor.name) {
                    throw CheckpointError(
                        file: path,
                        "tensor \(quoted(tensor.name)) is in \(quoted(other)) and in "
                            + "\(quoted(shard)).")
                }
            }
        }
        for (tensor, shard) in shardOfTensor.sorted(by: { $0 < $1 }) where found[tensor] != shard {
            throw CheckpointError(
                file: path,
                "tensor \(quoted(tensor)) is said to be in \(quoted(shard)), which does not hold "
                    + "it. The files do not belong together; fetch them again.")
        }
    }
}
