import Foundation
import System
import Testing
import TestSupport

struct HTTPDateTests {
    private func text(_ milliseconds: Int64) -> String {
        let date = HTTPDate()
        return String(decoding: date.bytes(milliseconds: milliseconds), as: UTF8.self)
    }

    @Test(arguments: [
        (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"),  // RFC 9110 §5.6.7
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799_999, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func `a known moment has its known text`(_ milliseconds: Int64, _ expected: String) {
        #expect(text(milliseconds) == expected)
    }

    @Test func `a moment that the format cannot write becomes its nearest end`() {
        #expect(text(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(text(.min) == "Sat, 01 Jan 0000 00:00:00 GMT")
    }

    @Test func `random moments agree with Foundation`() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        var random = SeededGenerator(seed: 20_261_122)
        for _ in 0..<1_000 {
            // From 1900 to 2500: before that Foundation may use the Julian calendar.
            let second = Int64.random(in: -2_208_988_800...16_725_225_600, using: &random)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(second)))
            #expect(text(second * 1_000) == expected, "seed \(random.seed)")
        }
    }

    @Test func `the text changes with the second and only then`() {
        let date = HTTPDate()
        let first = date.bytes(milliseconds: 1_000)
        #expect(date.bytes(milliseconds: 1_999) == first)
        #expect(date.bytes(milliseconds: 2_000) != first)
        #expect(date.bytes(milliseconds: 1_500) == first, "the clock may be set back")
    }
}
