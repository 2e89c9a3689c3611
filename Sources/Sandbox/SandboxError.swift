/// Why foreign code was not run; the text is the whole sentence.
package enum SandboxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// This system does not give a program the isolation that is asked for.
    case refused(String)
    /// There is no Python that could run the program, or it does not start.
    case python(String)
    /// Something that should have worked did not.
    case broken(String)

    package var description: String {
        switch self {
        case .refused(let sentence), .python(let sentence), .broken(let sentence): sentence
        }
    }
}
