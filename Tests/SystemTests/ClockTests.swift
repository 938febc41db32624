import System
import Testing

struct ClockTests {
    @Test func `monotonic time never goes back`() {
        var last = MonotonicClock.nanoseconds
        for _ in 0..<10_000 {
            let next = MonotonicClock.nanoseconds
            #expect(next >= last)
            last = next
        }
    }

    @Test func `wall time counts milliseconds since 1970`() {
        // Between 2024 and 2100: seconds or microseconds would be far outside.
        #expect((1_704_067_200_000...4_102_444_800_000).contains(WallClock.milliseconds))
    }

    @Test func `real time leaves a length as it is`() {
        #expect(TimeScale.realTime.nanoseconds(seconds: 300) == 300_000_000_000)
        #expect(TimeScale.realTime.milliseconds(seconds: 5) == 5_000)
    }

    @Test func `a scale shrinks a length but never to nothing`() {
        let scale = TimeScale(factor: 0.01)
        #expect(scale.nanoseconds(seconds: 300) == 3_000_000_000)
        #expect(scale.milliseconds(seconds: 5) == 50)
        #expect(TimeScale(factor: 1e-12).milliseconds(seconds: 1) == 1)
    }

    @Test func `a day count and its date agree over two eras`() {
        // Counted day by day from a date that is known, with the calendar's rule written anew.
        var year = 1970
        var month = 1
        var day = 1
        for count in 0..<300_000 {
            let date = CivilDate(daysSince1970: Int64(count))
            guard date.year == year, date.month == month, date.day == day else {
                Issue.record("day \(count) is \(date), not \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] {
                day = 1
                month += 1
            }
            if month > 12 {
                month = 1
                year += 1
            }
        }
    }
}
