import Foundation
import Testing

@testable import Kinesis

@Suite struct `Civil time` {
    @Test(arguments: [
        (0, "Thu Jan 01 00:00:00 UTC 1970"), (-1, "Wed Dec 31 23:59:59 UTC 1969"),
        (951_782_400_000, "Tue Feb 29 00:00:00 UTC 2000"),
        (951_868_799_999, "Tue Feb 29 23:59:59 UTC 2000"),
        (4_107_542_400_000, "Mon Mar 01 00:00:00 UTC 2100"),
        (1_421_889_722_000, "Thu Jan 22 01:22:02 UTC 2015"),
    ])
    func `times have the form that AWS gives them`(milliseconds: Int64, text: String) {
        #expect(CivilTime(milliseconds: milliseconds).description == text)
    }

    @Test func `every day of six centuries is the one that Foundation knows`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for day in stride(from: Int64(-100_000), to: 200_000, by: 37) {
            let second = day * 86_400 + day % 86_400
            let time = CivilTime(milliseconds: second * 1000)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: TimeInterval(second)))
            #expect(
                parts.year == Int(time.year) && parts.month == time.month && parts.day == time.day
                    && parts.weekday == time.weekday + 1 && parts.hour == time.hour
                    && parts.minute == time.minute && parts.second == time.second)
        }
    }

    @Test func `the least and the greatest time there are have a text`() {
        #expect(CivilTime(milliseconds: .min).description.hasSuffix("-292275055"))
        #expect(CivilTime(milliseconds: .max).description.hasSuffix("292278994"))
    }
}
