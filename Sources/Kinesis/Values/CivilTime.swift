/// A second of the proleptic Gregorian calendar in UTC, in the form that AWS's texts have:
/// `Thu Jan 22 01:22:02 UTC 2015`.
struct CivilTime: CustomStringConvertible, Hashable {
    let year: Int64
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int
    /// 0 for Sunday.
    let weekday: Int
    let hour: Int
    let minute: Int
    let second: Int

    /// The second that holds the given millisecond since 1970.
    init(milliseconds: Int64) {
        let (days, time) = Self.divide(Self.divide(milliseconds, 1000).quotient, 86_400)
        hour = Int(time / 3600)
        minute = Int(time / 60 % 60)
        second = Int(time % 60)
        // 1970 began on a Thursday.
        weekday = Int(Self.divide(days + 4, 7).remainder)
        // Years are counted from March here, so that the day that leap years add is their last,
        // and in eras of 400 years, which all have 146,097 days; day 0 is 1 March of year 0.
        let (era, dayOfEra) = Self.divide(days + 719_468, 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // From March on, five months have 153 days, in the same pattern again and again.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    var description: String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let time = [hour, minute, second].map(Self.twoDigits).joined(separator: ":")
        let date = "\(days[weekday]) \(months[month - 1]) \(Self.twoDigits(day))"
        return "\(date) \(time) UTC \(year)"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// Division that rounds down, for times before 1970.
    private static func divide(
        _ dividend: Int64, _ divisor: Int64
    ) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
