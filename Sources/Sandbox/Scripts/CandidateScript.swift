/// Python text of the process that runs the candidate's program.
///
/// It reads requests from descriptor 3 and answers on 4: first the program, then calls of the
/// entry point. Everything here is in the candidate's hands as soon as its program runs, so
/// nothing here is trusted; it only has to be right for programs that do not meddle.
enum CandidateScript {
    static let text =
        WireScript.text + #"""
            import faulthandler, io, shutil, subprocess

            # What the reference harness takes away before it runs a program, so that the same
            # programs fail with the same words.
            def guard():
                faulthandler.disable()
                os.environ['OMP_NUM_THREADS'] = '1'
                builtins.exit = builtins.quit = builtins.help = None
                for name in ('kill system putenv remove removedirs rmdir fchdir setuid fork forkpty '
                             'killpg rename renames truncate replace unlink fchmod fchown chmod chown '
                             'chroot lchflags lchmod lchown getcwd chdir').split():
                    setattr(os, name, None)
                shutil.rmtree = shutil.move = shutil.chown = None
                subprocess.Popen = None
                for name in ('ipdb', 'joblib', 'resource', 'psutil', 'tkinter'):
                    sys.modules[name] = None

            class WriteOnly(io.StringIO):
                def read(self, *args): raise OSError
                def readline(self, *args): raise OSError
                def readlines(self, *args): raise OSError
                def readable(self, *args): return False

            objects = []

            def refer(value, depth):
                kind = type(value)
                if kind.__module__ == 'numpy' and kind.__name__ != 'ndarray' and hasattr(value, 'item'):
                    plain = value.item()
                    if type(plain) in (bool, int, float, complex, str): return pack(plain, refer, depth)
                objects.append(value)
                traits = hasattr(kind, '__iter__') + 2 * hasattr(kind, '__next__')
                name = pack(kind.__name__[:60], refer)
                return b'o' + name + struct.pack('<IB', len(objects) - 1, traits)

            def describe(error):
                names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == 'builtins']
                try: text = str(error)
                except BaseException: text = 'the exception has no text'
                return pack([names, text[:20000]], refer)

            def serve(source, sink):
                scope, entry = {}, None
                send(sink, b'R', pack(started, refer))
                while True:
                    kind, body = receive(source)
                    try:
                        request = unpack(body)
                        if kind == b'P':
                            program, entry = request
                            exec(compile(program, '<string>', 'exec', dont_inherit=True), scope)
                            result = None
                        elif kind == b'C':
                            if entry not in scope: raise NameError("name '%s' is not defined" % entry)
                            result = scope[entry](*request[0], **request[1])
                        elif kind == b'I':
                            objects.append(iter(objects[request]))
                            result = len(objects) - 1
                        else:
                            try: result = next(objects[request])
                            except StopIteration:
                                send(sink, b'S')
                                continue
                        answer = pack(result, refer)
                        if len(answer) > LARGEST: raise MemoryError('the result is too large')
                        kind = b'V'
                    except BaseException as error:
                        kind, answer = b'X', describe(error)
                    send(sink, kind, answer)

            sys.stdin = sys.stdout = sys.stderr = WriteOnly()
            guard()
            try: serve(3, 4)
            except Gone: pass
            """#
}
