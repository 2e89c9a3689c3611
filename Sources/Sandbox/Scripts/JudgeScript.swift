/// Python text of the process that runs the tests and says what came of them.
///
/// It reads the task from descriptor 0, speaks with the candidate over 3 and 4, and reports on 5,
/// which no other process has. It never executes a byte of the candidate's program: to the tests
/// `candidate` is a function that sends its arguments away and gets plain data back.
enum JudgeScript {
    static let text =
        WireScript.text + #"""
            import json

            def report(kind, text=''): send(5, kind, text_bytes(text))

            def finish(kind, text=''):
                report(kind, text)
                os._exit(0)

            class Opaque:
                """A value of no plain type: equal to itself and to nothing else."""

            def opaque(name, number, traits):
                if type(name) is not str: raise Malformed()
                members = {}
                if traits[0] & 1: members['__iter__'] = lambda self: walker(ask(b'I', number), name)
                if traits[0] & 2: members['__next__'] = lambda self: ask(b'N', number)
                return type(name.replace('\0', '?'), (Opaque,), members)()

            def walker(number, name):
                if type(number) is not int: raise Malformed()
                members = {'__iter__': lambda self: self, '__next__': lambda self: ask(b'N', number)}
                return type(name.replace('\0', '?'), (Opaque,), members)()

            def raised(description):
                names, text = description
                if type(names) is not list or type(text) is not str: raise Malformed()
                for name in names:
                    base = getattr(builtins, name, None)
                    if isinstance(base, type) and issubclass(base, BaseException): break
                else: base = Exception
                members = {'__init__': lambda self, *args: None, '__str__': lambda self: text}
                return type(base.__name__, (base,), members)()

            def foreign(value, depth):
                raise TypeError("a test gives the program a value of type '%s', which cannot be sent"
                                % type(value).__name__)

            def receive_answer(request):
                # Whatever arrives was written by the candidate: it is data or it is refused.
                try:
                    kind, body = receive(3)
                    if kind == b'S' and request == b'N' and not body: return kind, None
                    if kind == b'R' and request == b'R': return kind, unpack(body)
                    if kind == b'V' and request != b'R': return kind, unpack(body, opaque)
                    if kind == b'X' and request != b'R': return kind, raised(unpack(body))
                    raise Malformed()
                except Gone: finish(b'E')
                except BaseException:
                    finish(b'F', 'what the program returned could not be read')

            def ask(request, value):
                try: send(4, request, pack(value, foreign))
                except OSError: finish(b'E')
                kind, answer = receive_answer(request)
                if kind == b'S': raise StopIteration
                if kind == b'X': raise answer
                return answer

            def helpers_of(prompt):
                """The names that the prompt defines before the function that is asked for."""
                for text in (prompt, prompt + '\n    pass\n'):
                    try: code = compile(text, '<string>', 'exec', dont_inherit=True)
                    except SyntaxError: continue
                    scope = {}
                    exec(code, scope)
                    return scope
                return {}

            def judge(task):
                whole = task['prompt'] + task['completion'] + '\n' + task['test'] + '\n' + task['call']
                compile(whole, '<string>', 'exec', dont_inherit=True)
                entry = task['entry_point']
                ask(b'P', [task['prompt'] + task['completion'] + '\n', entry])
                scope = helpers_of(task['prompt'])
                def candidate(*args, **names): return ask(b'C', [args, names])
                candidate.__name__ = candidate.__qualname__ = entry
                scope[entry] = candidate
                exec(compile(task['test'], '<string>', 'exec', dont_inherit=True), scope)
                exec(task['call'], scope)

            report(b'L', str(started))
            with open(0, 'rb', closefd=False) as source: task = json.loads(source.read())
            receive_answer(b'R')
            report(b'B')
            try: judge(task)
            except BaseException as error:
                try: text = str(error)
                except BaseException: text = 'the exception has no text'
                finish(b'F', text[:20000])
            finish(b'P')
            """#
}
