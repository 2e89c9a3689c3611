import Basics
import TestSupport

/// A small stand-in for the model hub on 127.0.0.1.
///
/// The folder that a path begins with says how it
/// behaves; every request is a line in `log`: method, range, authorization.
///
/// The server forks itself into the background, so that nothing here waits for it, and ends on its
/// own after two minutes should the test not end it.
final class HubServer {
    let folder: TemporaryFolder
    let address: String
    private let process: String

    init() throws {
        folder = try TemporaryFolder()
        let outcome = try Subprocess(
            realPython ?? "python3", ["-c", Self.script, folder["log"], folder["mode"]]
        ).run()
        let words = outcome.outputText.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 2 else { throw BasicsError.file("server: \(outcome.errorText)") }
        process = words[0]
        address = "http://127.0.0.1:\(words[1])"
    }

    deinit { _ = try? Subprocess("kill", ["-9", process]).run() }

    /// Requests so far.
    func log() throws -> [String] {
        guard FileSystem.exists(folder["log"]) else { return [] }
        return try folder.text(of: "log").split(separator: "\n").map(String.init)
    }

    /// The bytes that the server has at the end of every path.
    static let content: [UInt8] = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }

    private static let script = #"""
        import hashlib, http.server, os, signal, sys
        log, mode_file = sys.argv[1:3]
        content = bytes((i * 7 ^ i >> 8) & 255 for i in range(300000))
        digest = hashlib.sha256(content).hexdigest()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *words): pass
            def do_HEAD(self): self.answer()
            def do_GET(self): self.answer()
            def end(self, status, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace('_', '-'), value)
                if 'Content_Length' not in headers: self.send_header('Content-Length', '0')
                self.end_headers()
            def answer(self):
                with open(log, 'a') as file:
                    print(self.command, self.path, self.headers.get('Range', '-'),
                          self.headers.get('Authorization', '-'), file=file)
                mode = self.path.split('/')[1]
                # A second behaviour for what happens later.
                if os.path.exists(mode_file): mode = open(mode_file).read().strip()
                if mode.isdigit(): return self.end(int(mode))
                if mode == 'noentry': return self.end(404, X_Error_Code='EntryNotFound')
                if mode == 'norevision': return self.end(404, X_Error_Code='RevisionNotFound')
                if mode == 'linked':
                    # As the hub does it: facts here, bytes elsewhere.
                    return self.end(302, Location='/cdn/x', X_Linked_Etag='"%s"' % digest,
                                    X_Linked_Size=str(len(content)))
                start = 0
                asked = self.headers.get('Range')
                if asked and mode != 'norange': start = int(asked.split('=')[1].split('-')[0])
                tag = digest
                if mode == 'small': tag = 'a' * 40
                if mode == 'wrong': tag = 'b' * 64
                if mode == 'cdn': tag = 'not-the-digest'
                headers = dict(ETag='"%s"' % tag, Content_Length=str(len(content) - start))
                if start: headers['Content_Range'] = 'bytes %d-%d/%d' % (
                    start, len(content) - 1, len(content))
                self.end(206 if start else 200, **headers)
                if self.command == 'HEAD': return
                data = content[start:]
                if mode == 'breaks': data = data[:100000]
                if mode == 'stuck': data = data[:max(0, 50000 - start)]
                if mode == 'never': data = b''
                try:
                    self.wfile.write(data)
                    if len(data) < len(content) - start:
                        self.wfile.flush()
                        self.close_connection = True
                except OSError:
                    self.close_connection = True

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        child = os.fork()
        if child:
            print(child, server.server_address[1])
        else:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2): os.dup2(nothing, descriptor)
            signal.alarm(120)
            server.serve_forever()
        """#
}
