import Chat
import Testing

@Suite struct SlashCommandTests {
    @Test(
        arguments: [
            ("/reset", .reset), ("/reset  ", .reset), ("/stats", .stats), ("/help", .help),
            ("/exit", .exit), ("/system", .system(nil)),
            ("/system Be brief. ", .system("Be brief.")),
            ("/system -", .system("")), ("/model", .model(nil)),
            ("/model my model.gguf", .model("my model.gguf")),
            ("/save a.json", .save("a.json")),
        ] as [(String, SlashCommand)])
    func commands(line: String, wanted: SlashCommand) throws {
        #expect(try SlashCommand.parse(line) == wanted)
    }

    @Test(arguments: [
        (
            "/rest",
            "unknown command '/rest'. Did you mean '/reset'? A message that begins with / needs a space before it."
        ),
        (
            "/",
            "unknown command '/'. Available: /exit, /help, /model, /reset, /save, /stats, /system."
                + " A message that begins with / needs a space before it."
        ),
        ("/save", "/save needs the name of a file."),
        ("/reset now", "/reset takes nothing after it."),
    ])
    func mistakes(line: String, wanted: String) {
        let error = #expect(throws: ChatError.self) { try SlashCommand.parse(line) }
        #expect(error?.description == wanted)
    }

    @Test func everyCommandOfTheListExists() throws {
        for (call, _) in SlashCommand.table {
            let name = String(call.prefix { $0 != " " })
            #expect(throws: Never.self) {
                try SlashCommand.parse(call.contains(" ") ? name + " x" : name)
            }
        }
    }
}
