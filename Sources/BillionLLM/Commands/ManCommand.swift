/// Prints the manual page.
enum ManCommand: Command {
    static let specification = CommandSpecification(
        name: "man", summary: "the manual page, in troff",
        examples: ["billion man | man -l -", "billion man > billion.1"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        Console.write(ManualPage.text)
        return .success
    }
}
