extension BrokenManifest {
    /// Names that mean nothing, and own models.
    static let names: [BrokenManifest] = [
        .init(
            "an unknown model",
            Sample.manifest(model: "[smolm2]"),
            """
            test.yaml:3:11: unknown model 'smolm2'. Did you mean 'smollm2'?
                model: [smolm2]
                        ^
            """),
        .init(
            "a path on the axis",
            Sample.manifest(model: "[./tiny.gguf]"),
            """
            test.yaml:3:11: unknown model './tiny.gguf'. A file needs a name: put 'my-model: {path: ...}' under 'models:'.
                model: [./tiny.gguf]
                        ^
            """),
        .init(
            "an unknown quantization",
            Sample.manifest(quantization: "[q8_0, q4_O]"),
            """
            test.yaml:4:24: unknown quantization 'q4_O'. Did you mean 'q4_0'?
                quantization: [q8_0, q4_O]
                                     ^
            """),
        .init(
            "an unknown task",
            Sample.manifest(task: "[hellaswag]"),
            """
            test.yaml:5:10: unknown task 'hellaswag'. Available: against, memory, mmlu, probe, speed.
                task: [hellaswag]
                       ^
            """),
        .init(
            "an unknown hardware",
            Sample.manifest(hardware: "cuda"),
            """
            test.yaml:6:13: unknown hardware 'cuda'. Available: cpu.
                hardware: cuda
                          ^
            """),
        .init(
            "a value twice",
            Sample.manifest(quantization: "[q8_0, f16, q8_0]"),
            """
            test.yaml:4:29: duplicate quantization 'q8_0': it is on line 4 already.
                quantization: [q8_0, f16, q8_0]
                                          ^
            """),
        .init(
            "a model under two names",
            Sample.manifest(model: "[smollm2, smollm2-135m-instruct]"),
            """
            test.yaml:3:20: duplicate model 'smollm2-135m-instruct': the same under the name 'smollm2' is on line 3 already.
                model: [smollm2, smollm2-135m-instruct]
                                 ^
            """),
        .init(
            "a model from nowhere",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {file: x.gguf}
                    """),
            """
            test.yaml:8:9: 'models.mine' needs one of the keys 'path', 'hf', 'pypi', 'random' or 'model'.
                mine: {file: x.gguf}
                      ^
            """),
        .init(
            "a model of the catalog that is none",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {model: smolm2, adapter: x}
                    """),
            """
            test.yaml:8:3: 'model' of model 'mine' names the unknown model 'smolm2'. Did you mean 'smollm2'?
                mine: {model: smolm2, adapter: x}
                ^
            """),
        .init(
            "a model from two places",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {path: x.gguf, hf: a/b, file: x.gguf}
                    """),
            """
            test.yaml:8:9: 'models.mine' has 'path' and 'hf'; a model comes from one of them.
                mine: {path: x.gguf, hf: a/b, file: x.gguf}
                      ^
            """),
        .init(
            "a repository without an owner",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {hf: repo, file: x.gguf}
                    """),
            """
            test.yaml:8:14: 'hf' must be 'organisation/repository', found 'repo'.
                mine: {hf: repo, file: x.gguf}
                           ^
            """),
        .init(
            "a wheel without a version or digest",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {pypi: --pre, file: ../x.gguf}
                    """),
            """
            test.yaml:8:9: 'models.mine' needs a key 'sha256'.
                mine: {pypi: --pre, file: ../x.gguf}
                      ^
            test.yaml:8:16: 'pypi' must be 'package==version', found '--pre'.
                mine: {pypi: --pre, file: ../x.gguf}
                             ^
            test.yaml:8:29: 'file' must be a path inside the package, such as 'model.gguf', found '../x.gguf'.
                mine: {pypi: --pre, file: ../x.gguf}
                                          ^
            3 errors in test.yaml
            """),
        .init(
            "a digest that is none",
            Sample.manifest(
                model: "[mine]",
                more: """
                    models:
                      mine: {pypi: a==1, file: x.gguf, sha256: abc}
                    """),
            """
            test.yaml:8:44: 'sha256' must be 64 hexadecimal digits, found 'abc'.
                mine: {pypi: a==1, file: x.gguf, sha256: abc}
                                                         ^
            """),
        .init(
            "an own model with a catalog name",
            Sample.manifest(
                more: """
                    models:
                      smollm2: {path: x.gguf}
                    """),
            """
            test.yaml:8:3: the catalog has a model 'smollm2' already. Choose another name.
                smollm2: {path: x.gguf}
                ^
            """),
        .init(
            "a model name with a space",
            Sample.manifest(
                model: "[my model]",
                more: """
                    models:
                      my model: {path: x.gguf}
                    """),
            """
            test.yaml:8:3: the model name 'my model' must be at most 64 letters, digits, '.', '_', '-' or '+', the first a letter or digit.
                my model: {path: x.gguf}
                ^
            """),
    ]
}
