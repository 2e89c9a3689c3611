#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

exit(CommandTable.run(Array(CommandLine.arguments.dropFirst())).rawValue)
