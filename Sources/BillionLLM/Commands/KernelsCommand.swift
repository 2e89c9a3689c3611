import Basics
import Tensors

/// Checks the kernels that this machine can run, and times those in use against its limits.
enum KernelsCommand: Command {
    static let specification = CommandSpecification(
        name: "kernels", summary: "check every instruction set's kernels, and time those in use",
        options: [
            .init("threads", "N", "threads that compute (default: the cores of this process)"),
            .init("json", nil, "one JSON object"),
        ],
        examples: ["billion kernels", "BILLION_ISA=avx2 billion kernels --threads 1 --json"])

    private struct Output: Encodable {
        struct Variant: Encodable {
            let variant: String
            let can_run: Bool
            let differences: [String]
        }
        struct Limits: Encodable {
            let f32_gops: Double
            let byte_gops: Double
            let bf16_gops: Double
            let int16_gops: Double
            let read_one_thread_gbs: Double
            let read_all_threads_gbs: Double
        }
        struct Format: Encodable {
            let format: String
            let n_512_gops: Double
            let n_512_limit: String
            let n_512_share: Double
            let n_1_gbs: Double
            let n_1_share: Double
        }
        let kernel_variant: String
        let n_threads: Int
        let cpu_info: String
        let variants: [Variant]
        let limits: Limits
        let formats: [Format]
    }

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let threads = try arguments.integer("threads", in: 1...1024, default: Host.cores)
        let variants = KernelVariant.all.map { name in
            let canRun = KernelVariant.available.contains(name)
            return Output.Variant(
                variant: name, can_run: canRun,
                differences: canRun ? KernelComparison.differences(of: name) : [])
        }
        let limits = KernelLimits(threads: threads)
        let formats = try KernelProduct.formats.map {
            let rate = try KernelRate.measure($0, limits: limits, threads: threads)
            return Output.Format(
                format: rate.format, n_512_gops: rate.operations, n_512_limit: rate.limitName,
                n_512_share: rate.operations / rate.limit, n_1_gbs: rate.bytes,
                n_1_share: rate.bytes / rate.bytesRead)
        }
        let output = Output(
            kernel_variant: KernelVariant.current, n_threads: threads, cpu_info: Host.processor,
            variants: variants,
            limits: .init(
                f32_gops: limits.f32, byte_gops: limits.bytes, bf16_gops: limits.bf16,
                int16_gops: limits.words, read_one_thread_gbs: limits.readOne,
                read_all_threads_gbs: limits.readAll),
            formats: formats)
        Console.print(arguments.has("json") ? try JSON.text(output) : text(output))
        for variant in variants {
            for line in variant.differences.prefix(20) {
                Console.error("billion kernels: \(variant.variant) differs from scalar: \(line)")
            }
        }
        return variants.allSatisfy(\.differences.isEmpty) ? .success : .failure
    }

    private static func text(_ output: Output) -> String {
        let number = { NumberFormat.fixed($0, 1) }
        let share = { (value: Double) in NumberFormat.percent(value) + " %" }
        let checks = output.variants.map { variant in
            let count = variant.differences.count
            return [
                variant.variant,
                !variant.can_run
                    ? "not on this processor"
                    : count == 0 ? "equals scalar" : "\(count) products differ from scalar",
            ]
        }
        let limits = output.limits
        var lines = TextTable.lines([["VARIANT", "CHECK"]] + checks)
        lines += [
            "",
            "\(output.kernel_variant), \(output.n_threads) threads, \(output.cpu_info). Limits:",
            "  f32 \(number(limits.f32_gops)) GOP/s, bytes \(number(limits.byte_gops)) GOP/s, bf16 "
                + (limits.bf16_gops > 0 ? "\(number(limits.bf16_gops)) GOP/s" : "none")
                + (limits.int16_gops > 0 ? ", int16 \(number(limits.int16_gops)) GOP/s" : ""),
            "  reading \(number(limits.read_one_thread_gbs)) GB/s with 1 thread, "
                + "\(number(limits.read_all_threads_gbs)) GB/s with all", "",
        ]
        let rows = output.formats.map { row in
            [
                row.format, number(row.n_512_gops),
                "\(share(row.n_512_share)) of \(row.n_512_limit)",
                number(row.n_1_gbs), share(row.n_1_share),
            ]
        }
        lines += TextTable.lines(
            [["FORMAT", "512: GOP/S", "SHARE", "1: GB/S", "SHARE OF READING"]] + rows)
        return lines.joined(separator: "\n")
    }
}
