/// The functions that a template may call by name, those of transformers included.
enum TemplateFunctions: String, CaseIterable {
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
    case namespace, range, dict

    static func call(_ call: TemplateCall, date: TemplateDate) throws(ChatTemplateError)
        -> TemplateValue
    {
        guard let function = TemplateFunctions(rawValue: call.name) else {
            throw call.site.unsupported("the function \(quoted(call.name)) is not supported.")
        }
        switch function {
        case .raiseException:
            try call.check("message", required: 1)
            let message = try call.positional.first?.text(at: call.site) ?? ""
            throw ChatTemplateError(.refused, at: call.site.position, message)
        case .strftimeNow:
            try call.check("format", required: 1)
            return .string(
                try date.formatted(try call.text(0, "format") ?? "", at: call.site))
        case .range: return try range(call)
        case .namespace, .dict:
            var entries: [TemplateMapping.Entry] = []
            if case .mapping(let mapping)? = call.positional.first {
                entries = mapping.entries
            } else if !call.positional.isEmpty {
                throw call.site.unsupported(
                    "'\(call.name)' of anything but a mapping and names is not supported.")
            }
            entries += call.named.map { (.string($0.name), $0.value) }
            if function == .dict { return .mapping(try TemplateMapping(entries, at: call.site)) }
            return try namespace(entries, at: call.site)
        }
    }

    private static func namespace(_ entries: [TemplateMapping.Entry], at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        let namespace = TemplateNamespace([:])
        for entry in entries {
            try namespace.set(try entry.key.text(at: site), entry.value, at: site)
        }
        return .namespace(namespace)
    }

    private static func range(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        try call.check("start", "stop", "step", required: 1)
        var start = try call.integer(0, "start") ?? 0
        var stop = start
        if call.positional.count > 1 { stop = try call.integer(1, "stop") ?? 0 } else { start = 0 }
        let step = try call.integer(2, "step") ?? 1
        guard step != 0 else { throw call.site.failure("the step of 'range' cannot be 0.") }
        // A stride stops by itself at the limit, whatever the ends are.
        var values: [TemplateValue] = []
        for value in stride(from: start, to: stop, by: step) {
            guard values.count < TemplateLimits.range else {
                throw ChatTemplateError(
                    .limit, at: call.site.position,
                    "'range' has more than \(TemplateLimits.range) numbers.")
            }
            values.append(.integer(value))
        }
        return .list(try TemplateList(values, at: call.site))
    }
}
