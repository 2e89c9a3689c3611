extension BrokenManifest {
    /// Settings of tasks and hardware.
    static let settings: [BrokenManifest] = [
        .init(
            "a task without a kind",
            Sample.manifest(
                task: "[quick]",
                more: """
                    tasks:
                      quick: {limit: 10}
                    """),
            """
            test.yaml:8:3: task 'quick' needs a key 'kind'. Available: against, memory, mmlu, probe, speed.
                quick: {limit: 10}
                ^
            """),
        .init(
            "an unknown kind",
            Sample.manifest(
                task: "[quick]",
                more: """
                    tasks:
                      quick: {kind: mmul, limit: 10}
                    """),
            """
            test.yaml:8:17: unknown task kind 'mmul'. Did you mean 'mmlu'?
                quick: {kind: mmul, limit: 10}
                              ^
            """),
        .init(
            "a kind that stands for another",
            Sample.manifest(
                more: """
                    tasks:
                      speed: {kind: memory}
                    """),
            """
            test.yaml:8:3: 'speed' is a task kind itself and cannot stand for 'memory'. Choose another name.
                speed: {kind: memory}
                ^
            """),
        .init(
            "an unknown setting",
            Sample.manifest(
                more: """
                    tasks:
                      speed: {n_promt: 10}
                    """),
            """
            test.yaml:8:11: unknown setting 'n_promt' of task 'speed'. Did you mean 'n_prompt'?
                speed: {n_promt: 10}
                        ^
            """),
        .init(
            "a setting of the wrong type",
            Sample.manifest(
                more: """
                    tasks:
                      speed: {n_prompt: many}
                      mmlu: {limit: [1]}
                    """),
            """
            test.yaml:8:21: 'n_prompt' must be an integer from 0 to 1000000, found 'many'.
                speed: {n_prompt: many}
                                  ^
            test.yaml:9:17: 'limit' must be an integer of at least 1, or null, found a list.
                mmlu: {limit: [1]}
                              ^
            2 errors in test.yaml
            """),
        .init(
            "a setting out of range",
            Sample.manifest(
                more: """
                    tasks:
                      mmlu: {num_fewshot: 6}
                    """),
            """
            test.yaml:8:23: 'num_fewshot' must be an integer from 0 to 5, found '6'.
                mmlu: {num_fewshot: 6}
                                    ^
            """),
        .init(
            "a setting in quotes",
            Sample.manifest(
                more: """
                    tasks:
                      mmlu: {num_fewshot: '5'}
                    """),
            """
            test.yaml:8:23: 'num_fewshot' must be an integer from 0 to 5, found the quoted text '5'.
                mmlu: {num_fewshot: '5'}
                                    ^
            """),
        .init(
            "a setting without a value",
            Sample.manifest(
                more: """
                    tasks:
                      speed:
                        n_prompt:
                    """),
            """
            test.yaml:9:14: 'n_prompt' must be an integer from 0 to 1000000, found nothing.
                  n_prompt:
                           ^
            """),
        .init(
            "a choice that is none",
            Sample.manifest(
                more: """
                    tasks:
                      mmlu: {dataset: mini_mmlu}
                    """),
            """
            test.yaml:8:19: 'dataset' must be one of mini-mmlu, mmlu, found 'mini_mmlu'. Did you mean 'mini-mmlu'?
                mmlu: {dataset: mini_mmlu}
                                ^
            """),
        .init(
            "a truth value that is none",
            Sample.manifest(
                more: """
                    tasks:
                      probe: {strict: yes}
                    """),
            """
            test.yaml:8:19: 'strict' must be true or false, found 'yes'.
                probe: {strict: yes}
                                ^
            """),
        .init(
            "hardware of an unknown backend",
            Sample.manifest(
                hardware: "gpu",
                more: """
                    hardware:
                      gpu: {backend: cdu}
                    """),
            """
            test.yaml:8:18: unknown backend 'cdu'. Did you mean 'cpu'?
                gpu: {backend: cdu}
                               ^
            """),
        .init(
            "threads that are no number",
            Sample.manifest(
                more: """
                    hardware:
                      cpu: {threads: all}
                    """),
            """
            test.yaml:8:18: 'threads' must be an integer from 1 to 1024 or 'auto', found 'all'.
                cpu: {threads: all}
                               ^
            """),
    ]
}
