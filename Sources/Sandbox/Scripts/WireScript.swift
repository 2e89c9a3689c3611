/// Python text that judge and candidate share: values as data, and messages on a pair of pipes.
///
/// A value is a tag byte and its content, counts and lengths in four bytes, little-endian. Only
/// plain types exist: whatever else a program returns crosses as the name of its type, without
/// anything that could act. Objects that a `for` can walk keep a number by which the judge asks
/// for their elements, one by one, again as values.
enum WireScript {
    static let text = #"""
        import time
        started = time.monotonic_ns()
        import builtins, os, struct, sys

        LARGEST = 1 << 24
        DEEPEST = 200

        class Gone(Exception): pass
        class Malformed(Exception): pass

        def read_exactly(source, size):
            parts = []
            while size:
                part = os.read(source, min(size, 1 << 16))
                if not part: raise Gone()
                parts.append(part)
                size -= len(part)
            return b''.join(parts)

        def receive(source):
            kind, size = struct.unpack('<cI', read_exactly(source, 5))
            if size > LARGEST: raise Malformed()
            return kind, read_exactly(source, size)

        def send(sink, kind, body=b'', write=os.write):
            rest = memoryview(struct.pack('<cI', kind, len(body)) + body)
            while rest: rest = rest[write(sink, rest):]

        def sized(tag, body): return tag + struct.pack('<I', len(body)) + body
        def text_bytes(text): return text.encode('utf-8', 'surrogatepass')
        def counted(tag, items, depth, refer):
            return tag + struct.pack('<I', len(items)) + b''.join(
                [pack(item, refer, depth + 1) for item in items])

        def pack(value, refer, depth=0):
            if depth > DEEPEST: raise RecursionError('maximum recursion depth exceeded')
            if value is None: return b'N'
            if value is True: return b'T'
            if value is False: return b'F'
            if isinstance(value, int): return sized(b'i', b'%x' % int.__int__(value))
            if isinstance(value, float): return b'f' + struct.pack('<d', float.__float__(value))
            if isinstance(value, complex):
                return b'c' + struct.pack('<dd', value.real, value.imag)
            if isinstance(value, str): return sized(b's', text_bytes(str.__str__(value)))
            if isinstance(value, bytearray): return sized(b'B', bytes(value))
            if isinstance(value, bytes): return sized(b'b', bytes(value))
            if isinstance(value, list): return counted(b'l', list(list.__iter__(value)), depth, refer)
            if isinstance(value, tuple): return counted(b't', list(tuple.__iter__(value)), depth, refer)
            if isinstance(value, set): return counted(b'e', list(set.__iter__(value)), depth, refer)
            if isinstance(value, frozenset):
                return counted(b'z', list(frozenset.__iter__(value)), depth, refer)
            if isinstance(value, dict):
                items = [part for item in dict.items(value) for part in item]
                return counted(b'd', items, depth, refer)
            if type(value) is range:
                return counted(b'r', [value.start, value.stop, value.step], depth, refer)
            if type(value) is type({}.keys()): return counted(b'k', list(value), depth, refer)
            if type(value) is type({}.values()): return counted(b'v', list(value), depth, refer)
            if type(value) is type({}.items()): return counted(b'm', list(value), depth, refer)
            return refer(value, depth)

        SEQUENCES = {
            b'l': list, b't': tuple, b'e': set, b'z': frozenset,
            b'r': lambda items: range(*items),
            b'd': lambda items: dict(zip(items[::2], items[1::2])),
            b'k': lambda items: dict.fromkeys(items).keys(),
            b'v': lambda items: dict(enumerate(items)).values(),
            b'm': lambda items: dict(items).items(),
        }

        class Unpacker:
            def __init__(self, data, opaque):
                self.data, self.at, self.opaque = data, 0, opaque

            def take(self, size):
                part = self.data[self.at:self.at + size]
                if len(part) != size: raise Malformed()
                self.at += size
                return part

            def number(self): return struct.unpack('<I', self.take(4))[0]
            def sized(self): return self.take(self.number())

            def value(self, depth=0):
                if depth > DEEPEST: raise Malformed()
                tag = self.take(1)
                if tag == b'N': return None
                if tag == b'T': return True
                if tag == b'F': return False
                if tag == b'i': return int(self.sized(), 16)
                if tag == b'f': return struct.unpack('<d', self.take(8))[0]
                if tag == b'c': return complex(*struct.unpack('<dd', self.take(16)))
                if tag == b's': return self.sized().decode('utf-8', 'surrogatepass')
                if tag == b'b': return bytes(self.sized())
                if tag == b'B': return bytearray(self.sized())
                if tag == b'o': return self.opaque(self.value(DEEPEST), self.number(), self.take(1))
                make = SEQUENCES.get(tag)
                if make is None: raise Malformed()
                return make([self.value(depth + 1) for _ in range(self.number())])

        def unpack(data, opaque=None):
            unpacker = Unpacker(data, opaque)
            value = unpacker.value()
            if unpacker.at != len(data): raise Malformed()
            return value

        """#
}
