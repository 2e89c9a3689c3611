extension BrokenManifest {
    /// Keys and types of the manifest itself.
    static let keys: [BrokenManifest] = [
        .init(
            "an unknown key",
            Sample.manifest(
                more: """
                    taks:
                      speed: {n_gen: 1}
                    """),
            """
            test.yaml:7:1: unknown key 'taks' in a manifest. Did you mean 'tasks'?
              taks:
              ^
            """),
        .init(
            "a missing name",
            """
            matrix:
              model: smollm2
              quantization: f32
              task: speed
              hardware: cpu

            """,
            """
            test.yaml:1:1: a manifest needs a key 'name'.
              matrix:
              ^
            """),
        .init(
            "a missing matrix",
            "name: sample\n",
            """
            test.yaml:1:1: a manifest needs a key 'matrix'.
              name: sample
              ^
            """),
        .init(
            "a matrix that is a list",
            """
            name: sample
            matrix: [smollm2]

            """,
            """
            test.yaml:2:9: 'matrix' must be a mapping, found a list.
              matrix: [smollm2]
                      ^
            """),
        .init(
            "an empty matrix",
            """
            name: sample
            matrix: {}

            """,
            """
            test.yaml:2:9: the matrix is empty. Give it the axes model, quantization, task and hardware.
              matrix: {}
                      ^
            """),
        .init(
            "an axis that is missing",
            """
            name: sample
            matrix:
              model: smollm2
              task: speed
              hardware: cpu

            """,
            """
            test.yaml:2:1: the matrix needs an axis 'quantization'.
              matrix:
              ^
            """),
        .init(
            "an axis that is empty",
            Sample.manifest(task: "[]"),
            """
            test.yaml:5:9: 'task' is empty. Name at least one task.
                task: []
                      ^
            """),
        .init(
            "an axis with a mapping",
            Sample.manifest(model: "{path: x.gguf}"),
            """
            test.yaml:3:10: 'model' must be a name or a list of names, found a mapping.
                model: {path: x.gguf}
                       ^
            """),
        .init(
            "an unknown axis",
            Sample.manifest(more: "  quantisation: [f16]"),
            """
            test.yaml:7:3: unknown key 'quantisation' in 'matrix'. Did you mean 'quantization'?
                quantisation: [f16]
                ^
            """),
        .init(
            "a list in a list",
            Sample.manifest(task: "[speed, [memory]]"),
            """
            test.yaml:5:17: each task must be a name, found a list.
                task: [speed, [memory]]
                              ^
            """),
        .init(
            "a name that is a list",
            """
            name: [a]
            matrix:
              model: [smollm2]
              quantization: [q8_0]
              task: [speed]
              hardware: [cpu]

            """,
            """
            test.yaml:1:7: 'name' must be a text, found a list.
              name: [a]
                    ^
            """),
        .init(
            "a seed in quotes",
            Sample.manifest(more: #"seed: "1234""#),
            """
            test.yaml:7:7: 'seed' must be an integer from 0 to 9007199254740992, found the quoted text '1234'.
              seed: "1234"
                    ^
            """),
        .init(
            "a negative seed",
            Sample.manifest(more: "seed: -1"),
            """
            test.yaml:7:7: 'seed' must be an integer from 0 to 9007199254740992, found '-1'.
              seed: -1
                    ^
            """),
        .init(
            "a seed with an underscore",
            Sample.manifest(more: "seed: 1_000"),
            """
            test.yaml:7:7: 'seed' must be an integer from 0 to 9007199254740992, found '1_000'.
              seed: 1_000
                    ^
            """),
    ]
}
