// swift-tools-version: 6.0
// billion-llm: no Swift packages, three C libraries found by pkg-config (Accelerate replaces
// OpenBLAS on macOS). The folders and what each may import are drawn in Sources/README.md.
import PackageDescription

#if os(macOS)
    let blasLinking: [LinkerSetting] = [.linkedFramework("Accelerate")]
#else
    let blasLinking: [LinkerSetting] = []
#endif

/// C is optimised in every configuration: a debug build of a kernel measures nothing.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-fno-math-errno"])]

func library(_ name: String, imports: [Target.Dependency], linking: [LinkerSetting] = []) -> Target
{
    .target(name: name, dependencies: imports, linkerSettings: linking)
}

func tests(_ name: String, imports: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: imports + ["TestSupport"], path: "Tests/\(name)Tests",
        exclude: [])
}

let package = Package(
    name: "billion-llm",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "billion", targets: ["BillionLLM"])],
    targets: [
        .systemLibrary(
            name: "CYaml", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels", cSettings: kernelFlags),
        .target(name: "CSandbox"),

        library("Basics", imports: []),
        library("Experiments", imports: ["Basics", "CYaml"]),
        library("Store", imports: ["Basics", "Experiments", "CSQLite"]),
        library("Runner", imports: ["Basics", "Experiments", "Store"]),
        library("Reporting", imports: ["Basics", "Experiments", "Store"]),

        library("Tensors", imports: ["Basics", "CKernels", "COpenBLAS"], linking: blasLinking),
        library("LanguageModels", imports: ["Basics", "Tensors"]),
        library("Training", imports: ["Basics", "LanguageModels", "Tensors"]),

        library("Sandbox", imports: ["Basics", "CSandbox"]),
        library(
            "Tasks",
            imports: [
                "Basics", "Experiments", "LanguageModels", "Sandbox", "Tensors", "Training",
            ]),
        library("Chat", imports: ["Basics", "LanguageModels", "Tensors"]),
        library("Hub", imports: ["Basics"]),
        .executableTarget(
            name: "BillionLLM",
            dependencies: [
                "Basics", "Experiments", "Store", "Runner", "Reporting", "Tensors",
                "LanguageModels", "Sandbox", "Tasks", "Chat", "Hub",
            ]),

        .target(name: "TestSupport", dependencies: ["Basics"], path: "Tests/TestSupport"),
        tests("Basics", imports: ["Basics"]),
        tests("Experiments", imports: ["Basics", "Experiments"]),
        // A process that writes, for the tests of several writers.
        .executableTarget(
            name: "StoreWriter", dependencies: ["Basics", "Experiments", "Store"],
            path: "Tests/StoreWriter"),
        tests("Store", imports: ["Basics", "Experiments", "Store", "CSQLite", "StoreWriter"]),
        tests("Runner", imports: ["Basics", "Experiments", "Store", "Runner"]),
        tests("Reporting", imports: ["Basics", "Experiments", "Store", "Reporting"]),
        tests("Tensors", imports: ["Basics", "Tensors", "CKernels"]),
        tests("LanguageModels", imports: ["Basics", "Tensors", "LanguageModels"]),
        tests("Training", imports: ["Basics", "Tensors", "LanguageModels", "Training"]),
        tests("Sandbox", imports: ["Basics", "Sandbox"]),
        tests(
            "Tasks",
            imports: ["Basics", "Experiments", "Tensors", "LanguageModels", "Sandbox", "Tasks"]),
        tests("Chat", imports: ["Basics", "Tensors", "LanguageModels", "Chat"]),
        tests("Hub", imports: ["Basics", "Hub"]),
        // They run the executable, which every build of the tests makes too.
        tests(
            "Command",
            imports: ["Basics", "LanguageModels", "Reporting", "Store", "Tasks"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
