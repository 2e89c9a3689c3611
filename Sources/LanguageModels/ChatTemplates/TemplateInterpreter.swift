/// Runs the statements of a template.
struct TemplateInterpreter {
    private var output = ""
    /// Names and values, the innermost scope last; only loops open one.
    private var scopes: [[String: TemplateValue]]
    let meter: TemplateMeter
    let date: TemplateDate

    /// Runs everything and returns the text written.
    static func render(
        _ statements: [TemplateStatement], variables: [String: TemplateValue],
        date: TemplateDate, meter: TemplateMeter
    ) throws(ChatTemplateError) -> String {
        var interpreter = TemplateInterpreter(scopes: [variables], meter: meter, date: date)
        _ = try interpreter.run(statements)
        return interpreter.output
    }

    private init(scopes: [[String: TemplateValue]], meter: TemplateMeter, date: TemplateDate) {
        self.scopes = scopes
        self.meter = meter
        self.date = date
    }

    func site(_ position: TemplatePosition) -> TemplateSite {
        TemplateSite(position: position, meter: meter)
    }

    func value(of name: String) -> TemplateValue? {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return nil
    }

    /// What a statement means for the loop around it.
    private enum Flow {
        case goOn, stopLoop, nextIteration
    }

    private mutating func run(_ statements: [TemplateStatement]) throws(ChatTemplateError) -> Flow {
        for statement in statements {
            let flow = try run(statement)
            if flow != .goOn { return flow }
        }
        return .goOn
    }

    private mutating func run(_ statement: TemplateStatement) throws(ChatTemplateError) -> Flow {
        switch statement {
        case .text(let text):
            // Text has no position of its own worth telling.
            try write(text, at: TemplatePosition(line: 1, column: 1))
        case .output(let expression):
            let value = try evaluate(expression)
            let text = try value.text(at: site(expression.position))
            try write(text, at: expression.position)
        case .loop(let loop): return try run(loop)
        case .branches(let branches):
            for branch in branches {
                if let condition = branch.condition, try !evaluate(condition).isTrue { continue }
                return try run(branch.body)
            }
        case .assignment(let target, let expression):
            try assign(try evaluate(expression), to: target, at: expression.position)
        case .capture(let target, let body):
            let outside = output
            output = ""
            let flow = try run(body)
            let captured = output
            output = outside
            guard flow == .goOn else { return flow }
            try assign(.string(captured), to: target, at: TemplatePosition(line: 1, column: 1))
        case .block(let body): return try run(body)
        case .stopLoop: return .stopLoop
        case .nextIteration: return .nextIteration
        }
        return .goOn
    }

    private mutating func write(_ text: String, at position: TemplatePosition)
        throws(ChatTemplateError)
    {
        try meter.charge(text.utf8.count + TemplateMeter.step, at: position)
        guard output.utf8.count + text.utf8.count <= TemplateLimits.outputBytes else {
            throw ChatTemplateError(
                .limit, at: position,
                "the rendered text is longer than \(TemplateLimits.outputBytes) bytes.")
        }
        output += text
    }

    private mutating func run(_ loop: TemplateForLoop) throws(ChatTemplateError) -> Flow {
        let place = site(loop.iterable.position)
        var elements = try evaluate(loop.iterable).elements(at: place)
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for element in elements {
                scopes.append([:])
                try assign(element, to: loop.target, at: place.position)
                if try evaluate(condition).isTrue { kept.append(element) }
                scopes.removeLast()
            }
            elements = kept
        }
        if elements.isEmpty { return try run(loop.otherwise) }
        for index in elements.indices {
            try place.charge(elements: 1)
            let state = TemplateLoop(elements: elements, index: index)
            scopes.append(["loop": .loop(state)])
            try assign(elements[index], to: loop.target, at: place.position)
            let flow = try run(loop.body)
            scopes.removeLast()
            if flow == .stopLoop { break }
        }
        return .goOn
    }

    private mutating func assign(
        _ value: TemplateValue, to target: TemplateTarget, at position: TemplatePosition
    ) throws(ChatTemplateError) {
        switch target {
        case .variable(let name): scopes[scopes.count - 1][name] = value
        case .attribute(let namespace, let name, let place):
            guard case .namespace(let object)? = self.value(of: namespace) else {
                throw site(place).failure(
                    "cannot set an attribute of '\(namespace)', which is no namespace.")
            }
            try object.set(name, value, at: site(place))
        case .unpacked(let targets, let place):
            let parts = try value.elements(at: site(position))
            guard parts.count == targets.count else {
                throw site(place).failure(
                    "wanted \(targets.count) values to unpack, found \(parts.count).")
            }
            for (target, part) in zip(targets, parts) { try assign(part, to: target, at: position) }
        }
    }
}

extension TemplateNamespace {
    /// Refuses what transformers' namespaces refuse, and what could then hold itself.
    func set(_ name: String, _ value: TemplateValue, at site: TemplateSite)
        throws(ChatTemplateError)
    {
        guard !name.hasPrefix("_") else {
            throw site.failure(
                "an attribute of a namespace cannot begin with '_', found '\(name)'.")
        }
        switch value {
        case .namespace, .loop:
            throw site.unsupported(
                "a value of type \(value.typeName) inside a namespace is not supported.")
        default: break
        }
        values[name] = value
    }
}
