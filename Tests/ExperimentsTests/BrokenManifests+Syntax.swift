extension BrokenManifest {
    /// Files that are no YAML, or YAML that cannot be a tree of values.
    static let syntax: [BrokenManifest] = [
        .init(
            "an empty file",
            "",
            """
            test.yaml:1:1: the file is empty. A manifest needs 'name' and 'matrix'.
            """),
        .init(
            "only a comment",
            "# nothing here\n",
            """
            test.yaml:2:1: the file is empty. A manifest needs 'name' and 'matrix'.
            """),
        .init(
            "an empty document",
            "---\n",
            """
            test.yaml:2:1: a manifest must be a mapping, found nothing.
            """),
        .init(
            "a list",
            """
            - name: x
            - matrix: {}

            """,
            """
            test.yaml:1:1: a manifest must be a mapping, found a list.
              - name: x
              ^
            """),
        .init(
            "a tab for indentation",
            """
            name: x
            matrix:
            \tmodel: [smollm2]

            """,
            """
            test.yaml:3:1: found character that cannot start any token while scanning for the next token; indent with spaces, not tabs.
              \tmodel: [smollm2]
              ^
            """),
        .init(
            "an open list",
            Sample.manifest(model: "[smollm2"),
            """
            test.yaml:4:15: did not find expected ',' or ']' while parsing a flow sequence that starts on line 3.
                quantization: [q8_0]
                            ^
            """),
        .init(
            "an open quote",
            """
            name: "sample
            matrix: {}

            """,
            """
            test.yaml:1:7: found unexpected end of stream while scanning a quoted scalar that starts here.
              name: "sample
                    ^
            """),
        .init(
            "a missing colon",
            """
            name: sample
            matrix
            tasks: {}

            """,
            """
            test.yaml:2:1: could not find expected ':' after this key.
              matrix
              ^
            """),
        .init(
            "two values on a line",
            """
            name: sample: x
            matrix: {}

            """,
            """
            test.yaml:1:13: mapping values are not allowed in this context.
              name: sample: x
                          ^
            """),
        .init(
            "indentation that fits nothing",
            """
            name: sample
            matrix:
                model: smollm2
              task: speed

            """,
            """
            test.yaml:4:3: did not find expected key while parsing a block mapping that starts on line 1.
                task: speed
                ^
            """),
        .init(
            "two documents",
            Sample.manifest() + "---\nname: second\n",
            """
            test.yaml:7:1: a second document starts here. A manifest is one document; use two files.
              ---
              ^
            """),
        .init(
            "a control character",
            "name: a\u{1}b\n",
            """
            test.yaml:1:8: control characters are not allowed.
              name: a\u{FFFD}b
                     ^
            """),
        .init(
            "columns after letters of many bytes",
            """
            description: "日本 é", nmae: x

            """,
            """
            test.yaml:1:20: did not find expected key while parsing a block mapping.
              description: "日本 é", nmae: x
                                   ^
            """),
        .init(
            "columns of wide letters",
            """
            {description: "日本 é", nmae: x, matrix: {}, name: y}

            """,
            """
            test.yaml:1:23: unknown key 'nmae' in a manifest. Did you mean 'name'?
              {description: "日本 é", nmae: x, matrix: {}, name: y}
                                      ^
            test.yaml:1:40: the matrix is empty. Give it the axes model, quantization, task and hardware.
              {description: "日本 é", nmae: x, matrix: {}, name: y}
                                                       ^
            2 errors in test.yaml
            """),
        .init(
            "a duplicate key",
            Sample.manifest(
                more: """
                    tasks: {}
                    matrix: {}
                    """),
            """
            test.yaml:8:1: duplicate key 'matrix': it is on line 2 already.
              matrix: {}
              ^
            """),
        .init(
            "a duplicate setting",
            Sample.manifest(
                more: """
                    tasks:
                      speed: {n_gen: 1, n_prompt: 2, n_gen: 3}
                    """),
            """
            test.yaml:8:34: duplicate key 'n_gen': it is on line 8 already.
                speed: {n_gen: 1, n_prompt: 2, n_gen: 3}
                                               ^
            """),
        .init(
            "an unknown alias",
            Sample.manifest(
                more: """
                    tasks:
                      speed: &base {n_gen: 1}
                      other: *bsae
                    """),
            """
            test.yaml:9:10: unknown alias '*bsae'. Did you mean '*base'?
                other: *bsae
                       ^
            """),
        .init(
            "an alias inside itself",
            Sample.manifest(
                more: """
                    tasks: &t
                      speed: *t
                    """),
            """
            test.yaml:8:10: the alias '*t' contains itself.
                speed: *t
                       ^
            """),
        .init(
            "a merge key with a number",
            Sample.manifest(
                more: """
                    tasks:
                      speed: {<<: 5}
                    """),
            """
            test.yaml:8:15: '<<' takes a mapping or a list of mappings, found '5'.
                speed: {<<: 5}
                            ^
            """),
        .init(
            "a list as a key",
            Sample.manifest(
                more: """
                    ? [a, b]
                    : 1
                    """),
            """
            test.yaml:7:3: a key must be text, found a list.
              ? [a, b]
                ^
            """),
        .init(
            "a tag",
            Sample.manifest(more: "seed: !!int 5"),
            """
            test.yaml:7:7: tags such as '!!int' are not used here. Remove it.
              seed: !!int 5
                    ^
            """),
    ]
}
