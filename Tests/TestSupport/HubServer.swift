import Basics

/// A small stand-in for the model hub on 127.0.0.1, with its bytes on another port, as the hub
/// has them on another host.
///
/// Any repository exists and has the files of `names`. The first folder of a path says how the
/// server behaves, until a file `mode` in its folder says otherwise; every request is a line in
/// `log`: server, method, path, range, authorization.
///
/// The server forks itself into the background, so that nothing here waits for it, and ends on its
/// own after some minutes should the test not end it.
package final class HubServer {
    package let folder: TemporaryFolder
    /// Where the hub itself is.
    package let address: String
    private let process: String

    package static let commit = String(repeating: "c0", count: 20)

    /// - Parameters:
    ///   - byteCount: of every large file.
    ///   - bytesPerSecond: of every connection; 0 is as fast as it goes.
    package init(byteCount: Int = 300_000, bytesPerSecond: Int = 0) throws {
        folder = try TemporaryFolder()
        let outcome = try Subprocess(
            realPython ?? "python3",
            [
                "-c", Self.script, folder.path, Self.commit, String(byteCount),
                String(bytesPerSecond),
            ]
        ).run()
        let words = outcome.outputText.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count == 2 else { throw BasicsError.file("server: \(outcome.errorText)") }
        process = words[0]
        address = "http://127.0.0.1:\(words[1])"
    }

    deinit { _ = try? Subprocess("kill", ["-9", process]).run() }

    /// How the server behaves from now on.
    package func behave(_ mode: String) throws { try folder.write(mode, to: "mode") }

    /// Requests so far.
    package func log() throws -> [String] {
        guard FileSystem.exists(folder["log"]) else { return [] }
        return try folder.text(of: "log").split(separator: "\n").map(String.init)
    }

    /// The bytes of every large file.
    package static func content(_ count: Int = 300_000) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
    }

    private static let script = #"""
        import hashlib, http.server, json, os, random, signal, sys, threading, time
        folder, commit, size, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
        log, mode_file = os.path.join(folder, 'log'), os.path.join(folder, 'mode')
        content = bytes((i * 7 ^ i >> 8) & 255 for i in range(size))
        digest = hashlib.sha256(content).hexdigest()
        small = {
            'config.json': b'{"model_type": "llama"}', 'tokenizer.json': b'{"model": {}}',
            'README.md': b'# a model', 'modeling.py': b'print("code")',
            'generation_config.json': b'{}',
        }
        weights = ['model.safetensors', 'pytorch_model.bin']
        sets = {
            'pickle': ['pytorch_model.bin'], 'noweights': [],
            'shards': ['model.safetensors.index.json', 'model-00001-of-00002.safetensors',
                       'model-00002-of-00002.safetensors', 'pytorch_model-00001-of-00002.bin'],
            'lostshard': ['model.safetensors.index.json', 'model-00002-of-00002.safetensors'],
        }
        small['model.safetensors.index.json'] = b'{"weight_map": {}}'
        seen = {}

        # A file as the hub lists it, for the hub's own program.
        def entry(name):
            if name not in small:
                return dict(type='file', path=name, size=size, oid='0' * 40,
                            lfs=dict(oid=digest, size=size, pointerSize=134))
            body = small[name]
            tag = hashlib.sha1(b'blob %d\0' % len(body) + body).hexdigest()
            return dict(type='file', path=name, size=len(body), oid=tag)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *words): pass
            def do_HEAD(self): self.answer()
            def do_GET(self): self.answer()
            def end(self, status, body=b'', **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace('_', '-'), value)
                if 'Content_Length' not in headers:
                    self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command == 'GET': self.wfile.write(body)
            def answer(self):
                with open(log, 'a') as file:
                    print(self.server.role, self.command, self.path,
                          self.headers.get('Range', '-'),
                          self.headers.get('Authorization', '-'), file=file)
                # Through a proxy the whole address is the path.
                path = '/' + self.path.split('/', 3)[3] if '://' in self.path else self.path
                mode, rest = path[1:].split('/', 1)
                # A second behaviour for what happens later.
                if os.path.exists(mode_file): mode = open(mode_file).read().strip()
                try:
                    if self.server.role == 'hub': self.hub(mode, rest)
                    else: self.send(mode)
                except OSError:
                    self.close_connection = True
            def hub(self, mode, rest):
                if mode == 'flaky' and random.random() < 0.3:
                    return self.end(random.choice([429, 500, 503]), Retry_After='0')
                if mode == 'busy':
                    seen[rest] = seen.get(rest, 0) + 1
                    if seen[rest] < 3: return self.end(503)
                errors = {
                    'gated': (401, dict(X_Error_Code='GatedRepo')),
                    'gated403': (403, dict(X_Error_Code='GatedRepo')),
                    'badtoken': (401, dict(X_Error_Message=
                        'Invalid credentials in Authorization header')),
                    'norepo': (401, dict(X_Error_Code='RepoNotFound')),
                    'norepo404': (404, dict(X_Error_Code='RepoNotFound')),
                    'noentry': (404, dict(X_Error_Code='EntryNotFound')),
                    'norevision': (404, dict(X_Error_Code='RevisionNotFound')),
                }
                if mode.isdigit(): return self.end(int(mode))
                if mode == 'loop': return self.end(302, Location=self.path)
                if rest.startswith('api/') and not mode.startswith('gated'):
                    names = sorted(list(small) + sets.get(mode, weights))
                    if mode in ('plain', 'flaky', 'flip', 'busy', 'breaks'):
                        names = [n for n in names if 'index' not in n]
                    if mode in errors: return self.end(errors[mode][0], **errors[mode][1])
                    if '/tree/' in rest:
                        return self.end(200, json.dumps([entry(n) for n in names]).encode())
                    body = json.dumps(
                        dict(id='org/repo', sha=commit,
                             siblings=[dict(rfilename=n) for n in names])).encode()
                    return self.end(200, body)
                if mode in errors: return self.end(errors[mode][0], **errors[mode][1])
                if mode == 'moved' and not rest.startswith('new/'):
                    return self.end(307, Location='/moved/new/' + rest)
                name = rest.split('/resolve/')[1].split('/', 1)[1]
                facts = dict(X_Repo_Commit=commit)
                if mode == 'nocommit': facts = {}
                if name in small:
                    body = small[name]
                    tag = hashlib.sha1(b'blob %d\0' % len(body) + body).hexdigest()
                    if mode == 'smallflip': body = body[:-1] + b'!'
                    return self.end(200, body, ETag='"%s"' % tag, **facts)
                tag = {'wrong': 'b' * 64, 'noetag': 'not-a-digest'}.get(mode, digest)
                if mode == 'direct': return self.send(mode, ETag='"%s"' % tag, **facts)
                size = 10 ** 15 if mode == 'huge' else len(content)
                place = 'http://127.0.0.1:%d/%s/x?signature=a%%2Fb' % (self.server.other, mode)
                self.end(302, Location=place, X_Linked_Etag='"%s"' % tag,
                         X_Linked_Size=str(size), **facts)
            def send(self, mode, **headers):
                if mode == 'refused': return self.end(403)
                if mode == 'flaky' and random.random() < 0.2:
                    return self.end(random.choice([429, 500, 503]))
                start, stop, asked = 0, len(content), self.headers.get('Range')
                if asked and not mode.startswith('norange'):
                    first, last = asked.split('=')[1].split('-')
                    start, stop = int(first), int(last or len(content) - 1) + 1
                else: asked = None
                data = content[start:stop]
                headers['Content_Length'] = str(len(data))
                if asked:
                    shift = 1 if mode == 'shifted' else 0
                    headers['Content_Range'] = 'bytes %d-%d/%d' % (
                        start + shift, stop - 1 + shift, len(content))
                if mode == 'flip' and data:
                    place = random.randrange(len(data))
                    flipped = bytearray(data)
                    flipped[place] ^= 1 << random.randrange(8)
                    data = bytes(flipped)
                if mode == 'long':
                    headers['Content_Length'] = str(len(data) + 10)
                    data += b'x' * 10
                if mode in ('breaks', 'norangebreaks'): data = data[:100000]
                if mode == 'stuck': data = data[:max(0, 50000 - start)]
                if mode == 'never': data = b''
                if mode == 'flaky' and random.random() < 0.5:
                    data = data[:random.randrange(len(data) + 1)]
                self.send_response(206 if asked else 200)
                for name, value in headers.items():
                    self.send_header(name.replace('_', '-'), value)
                self.end_headers()
                if self.command == 'HEAD': return
                step = max(1, rate // 50) if rate else len(data) or 1
                for at in range(0, len(data), step):
                    self.wfile.write(data[at:at + step])
                    if rate: time.sleep(0.02)
                if len(data) < int(headers['Content_Length']):
                    self.wfile.flush()
                    self.close_connection = True

        def serve(role):
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            server.role, server.daemon_threads = role, True
            return server
        hub, store = serve('hub'), serve('cdn')
        hub.other = store.server_address[1]
        child = os.fork()
        if child:
            print(child, hub.server_address[1])
        else:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2): os.dup2(nothing, descriptor)
            signal.alarm(1200)
            threading.Thread(target=store.serve_forever, daemon=True).start()
            hub.serve_forever()
        """#
}
