/// The value of the HTTP `Date` header, formatted once a second (IMF-fixdate, RFC 9110 §5.6.7).
///
/// A reactor owns one and asks it for every response.
public final class HTTPDate {
    private var second = Int64.min
    private var text = [UInt8](repeating: 0, count: 29)

    public init() {}

    /// The 29 bytes for the second that holds `milliseconds` since 1970, such as
    /// `Sun, 06 Nov 1994 08:49:37 GMT`. Years before 0 and after 9999 do not fit the format and are
    /// written as their nearest end.
    public func bytes(milliseconds: Int64) -> [UInt8] {
        let wanted = floorDivide(milliseconds, 1_000).quotient
        if wanted != second {
            second = wanted
            text = format(second: wanted)
        }
        return text
    }

    private func format(second: Int64) -> [UInt8] {
        let clamped = min(max(second, -62_167_219_200), 253_402_300_799)
        let (day, time) = floorDivide(clamped, 86_400)
        let date = CivilDate(daysSince1970: day)
        let weekday = Int(floorDivide(day + 4, 7).remainder)  // 1970-01-01 was a Thursday.
        var out: [UInt8] = []
        out.reserveCapacity(29)
        append("SunMonTueWedThuFriSat", 3, at: weekday, to: &out)
        out.append(contentsOf: [0x2C, 0x20])
        append(twoDigits: date.day, to: &out)
        out.append(0x20)
        append("JanFebMarAprMayJunJulAugSepOctNovDec", 3, at: date.month - 1, to: &out)
        out.append(0x20)
        append(twoDigits: date.year / 100, to: &out)
        append(twoDigits: date.year % 100, to: &out)
        out.append(0x20)
        append(twoDigits: Int(time / 3_600), to: &out)
        out.append(0x3A)
        append(twoDigits: Int(time / 60 % 60), to: &out)
        out.append(0x3A)
        append(twoDigits: Int(time % 60), to: &out)
        append(" GMT", 4, at: 0, to: &out)
        return out
    }

    private func append(_ names: String, _ width: Int, at index: Int, to out: inout [UInt8]) {
        out.append(contentsOf: names.utf8.dropFirst(index * width).prefix(width))
    }

    private func append(twoDigits value: Int, to out: inout [UInt8]) {
        out.append(0x30 + UInt8(value / 10 % 10))
        out.append(0x30 + UInt8(value % 10))
    }
}
