/// Python text that an interpreter runs once, outside, to say what it is and what it needs.
///
/// It loads every extension module of its standard library, and then the system's own list of
/// mapped files tells which shared libraries those are made of.
enum ProbeScript {
    static let text = #"""
        import importlib, json, os, struct, sys, sysconfig
        paths = sysconfig.get_paths()
        folders = [paths[name] for name in ('stdlib', 'platstdlib', 'purelib', 'platlib') if name in paths]
        folders += [path for path in sys.path if path and os.path.isdir(path)]
        extensions = os.path.join(paths['platstdlib'], 'lib-dynload')
        for file in sorted(os.listdir(extensions)) if os.path.isdir(extensions) else []:
            name = file.split('.')[0]
            if name.startswith(('_test', 'xx', '_xx')) or name in ('_tkinter', 'readline', '_curses', '_curses_panel'):
                continue
            try: importlib.import_module(name)
            except BaseException: pass
        mapped = set()
        try:
            with open('/proc/self/maps') as lines:
                for line in lines:
                    path = line.rstrip('\n').split(None, 5)[5:]
                    if path and path[0].startswith('/') and '.so' in path[0]: mapped.add(path[0])
        except OSError: pass
        loader = None
        real = os.path.realpath(sys.executable)
        with open(real, 'rb') as file:
            head = file.read(64)
            if head[:5] == b'\x7fELF\x02':
                offset, size, count = struct.unpack_from('<Q', head, 32)[0], *struct.unpack_from('<HH', head, 54)
                for index in range(count):
                    file.seek(offset + index * size)
                    entry = file.read(56)
                    if struct.unpack_from('<I', entry)[0] == 3:
                        start, = struct.unpack_from('<Q', entry, 8)
                        length, = struct.unpack_from('<Q', entry, 32)
                        file.seek(start)
                        loader = file.read(length).rstrip(b'\0').decode()
        print(json.dumps({
            'executable': sys.executable, 'file': real, 'version': list(sys.version_info[:3]),
            'prefixes': sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}),
            'folders': folders, 'libraries': sorted(mapped), 'loader': loader}))
        """#
}
