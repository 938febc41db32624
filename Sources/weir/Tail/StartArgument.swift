import ArgumentParser
import Kinesis

/// Where `weir tail` begins: `latest`, `trim-horizon`, `cursor`, or `@` and a time.
struct StartArgument: ExpressibleByArgument {
    let position: StartingPosition

    init?(argument: String) {
        switch argument {
        case "latest": position = .latest
        case "trim-horizon": position = .trimHorizon
        case "cursor": position = .cursor
        default:
            guard argument.first == "@",
                let milliseconds = UTCTime.milliseconds(argument.dropFirst())
            else { return nil }
            position = .atTimestamp(milliseconds)
        }
    }
}

/// A time as people write it.
enum UTCTime {
    /// Reads seconds since 1970 with or without a fraction, or ISO 8601 in UTC such as
    /// `2026-11-23T08:15:00.250Z`, whose time may be missing. Nil for anything else.
    static func milliseconds(_ text: Substring) -> Int64? {
        if let seconds = seconds(text) { return seconds }
        var parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count <= 2, let days = days(parts[0]) else { return nil }
        guard parts.count == 2 else { return days * 86_400_000 }
        guard parts[1].last == "Z" else { return nil }
        parts[1].removeLast()
        guard let time = timeOfDay(parts[1]) else { return nil }
        return days * 86_400_000 + time
    }

    /// Whole seconds and at most nine decimals, as milliseconds.
    private static func seconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = number(parts[0], digits: 1...12) else { return nil }
        return fraction(parts.dropFirst().first).map { whole * 1000 + $0 }
    }

    /// The milliseconds that decimals stand for; 0 without any.
    private static func fraction(_ digits: Substring?) -> Int64? {
        guard let digits else { return 0 }
        guard number(digits, digits: 1...9) != nil else { return nil }
        return number((digits + "00").prefix(3), digits: 3...3)
    }

    private static func days(_ date: Substring) -> Int64? {
        let parts = date.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], digits: 4...4),
            let month = number(parts[1], digits: 2...2),
            let day = number(parts[2], digits: 2...2), year >= 1970, (1...12).contains(month)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[Int(month) - 1]).contains(day) else { return nil }
        let before = year - 1
        let leapDays = before / 4 - before / 100 + before / 400 - 477
        let months = lengths[..<(Int(month) - 1)].reduce(0, +)
        return (year - 1970) * 365 + leapDays + months + day - 1
    }

    private static func timeOfDay(_ time: Substring) -> Int64? {
        let parts = time.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let hour = number(parts[0], digits: 2...2),
            let minute = number(parts[1], digits: 2...2), hour < 24, minute < 60
        else { return nil }
        let minutes = (hour * 60 + minute) * 60_000
        guard parts.count == 3 else { return minutes }
        let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard seconds.count <= 2, let second = number(seconds[0], digits: 2...2), second < 60,
            let milliseconds = fraction(seconds.dropFirst().first)
        else { return nil }
        return minutes + second * 1000 + milliseconds
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}
