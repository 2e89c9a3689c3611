extension BrokenManifest {
    /// The rules of `exclude` and `include`, and several faults at once.
    static let rules: [BrokenManifest] = [
        .init(
            "an exclude that matches nothing",
            Sample.manifest(
                more: """
                      exclude:
                        - {quantization: q4_0, task: speed}
                    """),
            """
            test.yaml:8:22: this 'exclude' entry matches nothing: the matrix has no quantization 'q4_0' (it has q8_0).
                  - {quantization: q4_0, task: speed}
                                   ^
            """),
        .init(
            "an exclude with a setting",
            Sample.manifest(
                more: """
                      exclude:
                        - {task: speed, n_gen: 5}
                    """),
            """
            test.yaml:8:21: unknown key 'n_gen' in an 'exclude' entry. Available: hardware, model, quantization, task.
                  - {task: speed, n_gen: 5}
                                  ^
            """),
        .init(
            "an exclude with nothing",
            Sample.manifest(more: "  exclude: [{}]"),
            """
            test.yaml:7:13: an 'exclude' entry must name at least one axis (model, quantization, task, hardware).
                exclude: [{}]
                          ^
            """),
        .init(
            "an exclude that is no list",
            Sample.manifest(more: "  exclude: {task: speed}"),
            """
            test.yaml:7:12: 'exclude' must be a list of entries, found a mapping.
                exclude: {task: speed}
                         ^
            """),
        .init(
            "an exclude that removes all",
            Sample.manifest(
                quantization: "[f32, f16]",
                more: """
                      exclude:
                        - {quantization: [f32, f16]}
                    """),
            """
            test.yaml:8:7: the matrix is empty: 'exclude' removes all 2 cells.
                  - {quantization: [f32, f16]}
                    ^
            """),
        .init(
            "an include with a cell that is there",
            Sample.manifest(
                more: """
                      include:
                        - {model: smollm2, quantization: q8_0, task: speed, hardware: cpu}
                    """),
            """
            test.yaml:8:7: the matrix has the cell 'smollm2-135m-instruct q8_0 speed cpu' already.
                  - {model: smollm2, quantization: q8_0, task: speed, hardware: cpu}
                    ^
            """),
        .init(
            "an include with a cell twice",
            Sample.manifest(
                more: """
                      include:
                        - &new {model: smollm2, quantization: f32, task: speed, hardware: cpu}
                        - {<<: *new, n_gen: 4}
                    """),
            """
            test.yaml:9:7: an 'include' entry above adds the cell 'smollm2-135m-instruct f32 speed cpu' already.
                  - {<<: *new, n_gen: 4}
                    ^
            """),
        .init(
            "an include without settings",
            Sample.manifest(
                quantization: "[f32, f16]",
                more: """
                      include:
                        - {task: speed}
                    """),
            """
            test.yaml:8:7: this 'include' entry changes nothing: it names no setting for the 2 cells that it matches.
                  - {task: speed}
                    ^
            """),
        .init(
            "an include without axes",
            Sample.manifest(
                more: """
                      include:
                        - {n_gen: 5}
                    """),
            """
            test.yaml:8:7: an 'include' entry must name at least one axis (model, quantization, task, hardware).
                  - {n_gen: 5}
                    ^
            """),
        .init(
            "an include that would make an incomplete cell",
            Sample.manifest(
                more: """
                      include:
                        - {quantization: q4_0, task: mmlu}
                    """),
            """
            test.yaml:8:7: this 'include' entry matches no cell, and cannot add one without 'model', 'hardware'.
                  - {quantization: q4_0, task: mmlu}
                    ^
            """),
        .init(
            "an include with an unknown setting",
            Sample.manifest(
                more: """
                      include:
                        - {task: speed, n_gne: 5}
                    """),
            """
            test.yaml:8:21: 'n_gne' is neither an axis nor a setting of task 'speed'. Did you mean 'n_gen'?
                  - {task: speed, n_gne: 5}
                                  ^
            """),
        .init(
            "an include whose setting fits one task of two",
            Sample.manifest(
                task: "[speed, mmlu]",
                more: """
                      include:
                        - {quantization: q8_0, limit: 5}
                    """),
            """
            test.yaml:8:28: 'limit' is neither an axis nor a setting of task 'speed'. Name the task that it is meant for.
                  - {quantization: q8_0, limit: 5}
                                         ^
            """),
        .init(
            "an include with a setting of hardware",
            Sample.manifest(
                more: """
                      include:
                        - {task: speed, threads: 4}
                    """),
            """
            test.yaml:8:21: 'threads' is neither an axis nor a setting of task 'speed'. Set it under 'hardware:'.
                  - {task: speed, threads: 4}
                                  ^
            """),
        .init(
            "an include out of range",
            Sample.manifest(
                more: """
                      include:
                        - {task: speed, repetitions: 0}
                    """),
            """
            test.yaml:8:34: 'repetitions' must be an integer of at least 1, found '0'.
                  - {task: speed, repetitions: 0}
                                               ^
            """),
        .init(
            "many faults at once",
            """
            name: [x]
            sede: 5
            matrix:
              hardware: [gpu]
              model: [smollm]
              quantization: [q8_0, q4_km]
              task: [speed, mmlu]
              exclude:
                - {task: memory}
              include:
                - {task: mmlu, limit: 0}
            tasks:
              mmlu: {limit: ten}
            hardware:
              gpu: {backend: cpu, threads: 0}

            """,
            """
            test.yaml:1:7: 'name' must be a text, found a list.
              name: [x]
                    ^
            test.yaml:2:1: unknown key 'sede' in a manifest. Did you mean 'seed'?
              sede: 5
              ^
            test.yaml:5:11: unknown model 'smollm'. Did you mean 'smollm2'?
                model: [smollm]
                        ^
            test.yaml:6:24: unknown quantization 'q4_km'. Did you mean 'q4_0'?
                quantization: [q8_0, q4_km]
                                     ^
            test.yaml:9:14: this 'exclude' entry matches nothing: the matrix has no task 'memory' (it has speed, mmlu).
                  - {task: memory}
                           ^
            test.yaml:11:27: 'limit' must be an integer of at least 1, or null, found '0'.
                  - {task: mmlu, limit: 0}
                                        ^
            test.yaml:13:17: 'limit' must be an integer of at least 1, or null, found 'ten'.
                mmlu: {limit: ten}
                              ^
            test.yaml:15:32: 'threads' must be an integer from 1 to 1024 or 'auto', found '0'.
                gpu: {backend: cpu, threads: 0}
                                             ^
            8 errors in test.yaml
            """),
        .init(
            "terminal escapes are not passed on",
            #"""
            name: sample
            matrix: {}
            "\e[31mred": 1

            """#,
            #"""
            test.yaml:2:9: the matrix is empty. Give it the axes model, quantization, task and hardware.
              matrix: {}
                      ^
            test.yaml:3:1: unknown key '\#u{FFFD}[31mred' in a manifest. Available: description, hardware, matrix, memory_limit, models, name, seed, tasks, timeout.
              "\e[31mred": 1
              ^
            2 errors in test.yaml
            """#),
    ]
}
