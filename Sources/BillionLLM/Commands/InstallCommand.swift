import Basics

/// Puts the program where shells find it: binary, manual page, completions, small datasets.
enum InstallCommand: Command {
    static let specification = CommandSpecification(
        name: "install", summary: "put the program, its manual and completions into a prefix",
        options: [
            .init(
                "prefix", "FOLDER", "where bin/ and share/ are (default ~/.local; root: /usr/local)"
            )
        ],
        examples: ["./billion install", "sudo ./billion install --prefix /usr/local"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let environment = Program.environment
        let prefix = try arguments.string("prefix") ?? usualPrefix(environment)
        guard !prefix.isEmpty else { throw UsageError("--prefix is empty; wanted a folder.") }
        let installation = Installation(prefix: prefix)
        for path in try installation.write(sharing: Program.sharedFolder) { Console.print(path) }

        let folder = FileSystem.join(prefix, "bin")
        let isOnPath = (environment["PATH"] ?? "").split(separator: ":").contains { $0 == folder }
        if !isOnPath {
            Console.error("billion install: \(folder) is not on your PATH. Add this to your shell:")
            Console.error("    export PATH=\(Shell.quoted(folder)):$PATH")
        }
        return .success
    }

    private static func usualPrefix(_ environment: [String: String]) throws -> String {
        if Program.isRoot { return "/usr/local" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw UsageError("HOME is not set. Name a folder: --prefix FOLDER.")
        }
        return FileSystem.join(home, ".local")
    }
}

/// What an installation consists of, below its prefix.
struct Installation {
    let prefix: String

    /// Where an installed program looks for what it brought along.
    static let share = "share/billion-llm"
    private static let datasets = ["mini-humaneval", "mini-mmlu"]

    /// Writes everything and gives the paths; what was there is replaced file by file.
    ///
    /// - Parameter source: the folder with `datasets/`; nil leaves them out.
    func write(sharing source: String?) throws -> [String] {
        var written: [String] = []
        func write(_ text: String, to name: String) throws {
            let path = FileSystem.join(prefix, name)
            try FileSystem.makeFolder(FileSystem.folder(of: path))
            try FileSystem.write(Array(text.utf8), atomicallyTo: path)
            written.append(path)
        }
        written.append(try installBinary())
        try write(ManualPage.text, to: "share/man/man1/billion.1")
        try write(
            Completion.script(for: "bash"), to: "share/bash-completion/completions/billion")
        try write(Completion.script(for: "zsh"), to: "share/zsh/site-functions/_billion")
        try write(
            Completion.script(for: "fish"), to: "share/fish/vendor_completions.d/billion.fish")
        guard let source else { return written }
        for name in Self.datasets {
            let from = FileSystem.join(source, "datasets/\(name)")
            let to = FileSystem.join(prefix, "\(Self.share)/datasets/\(name)")
            // An installed program may install itself again.
            guard FileSystem.isFolder(from), from != to else { continue }
            try copyTree(from, to: to)
            written.append(to)
        }
        return written
    }

    /// Without symbols where `strip` is at hand: they are half of the file.
    private func installBinary() throws -> String {
        let target = FileSystem.join(prefix, "bin/billion")
        let draft = target + ".new"
        try FileSystem.makeFolder(FileSystem.folder(of: target))
        let source = Program.executable
        defer { try? FileSystem.remove(draft) }
        let stripped = try? Subprocess("strip", ["-o", draft, source]).run()
        if stripped?.succeeded != true {
            try FileSystem.write(FileSystem.read(source), atomicallyTo: draft)
        }
        // Files of ours are not executable; strip's is.
        let mode = try Subprocess("chmod", ["755", draft]).run()
        let check = try Subprocess(draft, ["--version"]).run()
        guard mode.succeeded, check.succeeded else {
            throw BasicsError.file(
                "\(draft): the copy does not run: \(check.errorText.prefix(200))")
        }
        try FileSystem.move(draft, to: target)
        return target
    }

    private func copyTree(_ from: String, to: String) throws {
        try FileSystem.makeFolder(to)
        for name in try FileSystem.names(in: from) {
            let (source, target) = (FileSystem.join(from, name), FileSystem.join(to, name))
            if FileSystem.isFolder(source) {
                try copyTree(source, to: target)
            } else {
                try FileSystem.write(FileSystem.read(source), atomicallyTo: target)
            }
        }
    }
}
