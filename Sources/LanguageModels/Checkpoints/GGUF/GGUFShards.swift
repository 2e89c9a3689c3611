import Basics

/// A checkpoint split into several GGUF files, `NAME-00001-of-0000N.gguf`, as llama-gguf-split
/// writes them.
enum GGUFShards {
    /// The five digits of a part and of the number of parts, as they stand in the name.
    private struct Name {
        let stem: String
        let part: Int
        let count: Int

        init?(_ path: String) {
            let suffix = Array(path.utf8.suffix(20))
            // -00001-of-00003.gguf
            guard suffix.count == 20, suffix[0] == UInt8(ascii: "-"),
                Array(suffix[6..<10]) == Array("-of-".utf8),
                Array(suffix[15...]) == Array(".gguf".utf8),
                let part = Self.number(suffix[1..<6]), let count = Self.number(suffix[10..<15]),
                part >= 1, part <= count
            else { return nil }
            stem = String(path.dropLast(20))
            self.part = part
            self.count = count
        }

        func path(of part: Int) -> String {
            "\(stem)-\(Self.digits(part))-of-\(Self.digits(count)).gguf"
        }

        private static func number(_ digits: some Sequence<UInt8>) -> Int? {
            var value = 0
            for digit in digits {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                value = value * 10 + Int(digit - UInt8(ascii: "0"))
            }
            return value
        }

        private static func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
    }

    /// The paths of all parts, by the name of the first; nil for other names.
    ///
    /// Throws when one of the files is not there.
    static func paths(of path: String) throws(CheckpointError) -> [String]? {
        guard let name = Name(path), name.count > 1 else { return nil }
        guard name.part == 1 else {
            throw CheckpointError(
                file: path,
                "this is part \(name.part) of \(name.count). Name the first part: "
                    + "\(quoted(FileSystem.name(of: name.path(of: 1)))).")
        }
        var paths: [String] = []
        for part in 1...name.count {
            let path = name.path(of: part)
            guard FileSystem.isFile(path) else {
                throw CheckpointError(
                    file: paths.first ?? path,
                    "part \(part) of \(name.count) is missing: "
                        + "\(quoted(FileSystem.name(of: path))). Fetch it again.")
            }
            paths.append(path)
        }
        return paths
    }

    /// Opens the parts of a checkpoint whose first one has been opened; the first one alone when
    /// it is whole.
    static func open(_ first: GGUFFile, _ open: (String) throws -> GGUFFile) throws -> [GGUFFile] {
        let count = max(try first.metadata.integerIfPresent("split.count") ?? 1, 1)
        guard let paths = try paths(of: first.path) else {
            if count == 1 { return [first] }
            let part = try first.metadata.integerIfPresent("split.no") ?? 0
            throw first.fail(
                "this is part \(part &+ 1) of a checkpoint split into \(count) files; wanted the "
                    + "names that llama-gguf-split gives, 'NAME-00001-of-0000N.gguf'.")
        }
        guard paths.count == count else {
            throw first.fail(
                "split.count is \(count), by the file's name it is \(paths.count).")
        }
        let files = try [first] + paths.dropFirst().map(open)
        try check(files)
        return files
    }

    /// Every part in its place, every tensor once, and as many as the first part says.
    static func check(_ files: [GGUFFile]) throws(CheckpointError) {
        var fileOfTensor: [String: String] = [:]
        for (index, file) in files.enumerated() {
            let (number, count) = (
                try file.metadata.integer("split.no"), try file.metadata.integer("split.count")
            )
            guard number == index, count == files.count else {
                throw file.fail(
                    "split.no is \(number) of \(count); wanted \(index) of \(files.count).")
            }
            for tensor in file.tensors {
                let name = FileSystem.name(of: file.path)
                if let other = fileOfTensor.updateValue(name, forKey: tensor.name) {
                    throw file.fail(
                        "tensor \(quoted(tensor.name)) is in \(quoted(other)) too.")
                }
            }
        }
        guard let first = files.first,
            let total = try first.metadata.integerIfPresent("split.tensors.count")
        else { return }
        guard total == fileOfTensor.count else {
            throw first.fail(
                "split.tensors.count is \(total), the files hold \(fileOfTensor.count) tensors.")
        }
    }
}
