import Testing

@testable import Gateway

struct CreditMarksTests {
    @Test func `credit for part of an event is credit for none of it`() {
        var marks = CreditMarks()
        marks.sent(bytes: 100, index: 7)
        #expect(!acknowledge(&marks, 99))
        #expect(marks.credited == 0)
        #expect(acknowledge(&marks, 100))
        #expect(marks.credited == 7)
    }

    @Test func `full marks become coarser and never too late`() {
        var marks = CreditMarks()
        let events = 10 * Limits.creditMarks
        for event in 1...events {
            marks.sent(bytes: UInt64(event) * 10, index: UInt64(event))
            if event % 50 == 0 {
                // Whatever was forgotten, the credited event is one that was taken whole.
                _ = marks.acknowledge(bytes: UInt64(event - 20) * 10)
                #expect(marks.credited <= UInt64(event - 20))
            }
        }
        #expect(acknowledge(&marks, UInt64(events) * 10))
        #expect(marks.credited == UInt64(events))
    }

    /// `#expect` cannot call what changes a value.
    private func acknowledge(_ marks: inout CreditMarks, _ bytes: UInt64) -> Bool {
        marks.acknowledge(bytes: bytes)
    }
}
