/// The day and time that `strftime_now` tells a template.
///
/// Fixed unless the user says otherwise, so that the same conversation gives the same tokens on
/// every day.
package struct TemplateDate: Hashable, Sendable {
    package let year: Int
    package let month: Int
    package let day: Int
    /// Seconds since midnight.
    private let seconds: Int

    /// 26 July 2024, the date that Meta's own templates fall back to.
    package static let standard = TemplateDate(valid: 2024, 7, 26)

    private init(valid year: Int, _ month: Int, _ day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
        seconds = 0
    }

    /// `2024-07-26`; nil when that is no day of the calendar.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year >= 1, (1...12).contains(month),
            (1...Self.daysInMonth(month, of: year)).contains(day)
        else { return nil }
        self.init(valid: year, month, day)
    }

    /// `2024-07-26`.
    package var text: String {
        "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
    }

    private static func daysInMonth(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private var dayOfYear: Int {
        day + (1..<month).reduce(0) { $0 + Self.daysInMonth($1, of: year) }
    }

    /// 0 is Monday.
    private var weekday: Int {
        let before = year - 1
        return (365 * before + before / 4 - before / 100 + before / 400 + dayOfYear - 1) % 7
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]

    /// `strftime` in the C locale, for the letters that templates use.
    func formatted(_ format: String, at site: TemplateSite) throws(ChatTemplateError) -> String {
        try site.charge(bytes: 10 * format.utf8.count)
        var result = ""
        var rest = format.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            let letter = rest.popFirst()
            guard let letter, let part = part(letter) else {
                throw site.unsupported(
                    "the date format '%\(letter.map(String.init) ?? "")' is not supported.")
            }
            result += part
        }
        return result
    }

    private func part(_ letter: Unicode.Scalar) -> String? {
        let hour = seconds / 3600
        return switch letter {
        case "d": Self.padded(day, 2)
        case "m": Self.padded(month, 2)
        case "y": Self.padded(year % 100, 2)
        case "Y": String(year)
        case "j": Self.padded(dayOfYear, 3)
        case "B": Self.months[month - 1]
        case "b": String(Self.months[month - 1].prefix(3))
        case "A": Self.weekdays[weekday]
        case "a": String(Self.weekdays[weekday].prefix(3))
        case "F": text
        case "H": Self.padded(hour, 2)
        case "I": Self.padded((hour + 11) % 12 + 1, 2)
        case "M": Self.padded(seconds / 60 % 60, 2)
        case "S": Self.padded(seconds % 60, 2)
        case "p": hour < 12 ? "AM" : "PM"
        case "%": "%"
        default: nil
        }
    }
}
