/// Decimal and hexadecimal numbers in framing.
enum Decimal {
    /// Writes a number that is not negative, at most 19 bytes, and returns their count.
    static func write(_ number: Int, to place: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = number
        var count = 1
        var power = 10
        while count < 19, number >= power {
            count += 1
            (power, _) = power.multipliedReportingOverflow(by: 10)
        }
        var i = count
        while i > 0 {
            i -= 1
            unsafe place[i] = UInt8(0x30 + rest % 10)
            rest /= 10
        }
        return count
    }

    /// Reads digits only; nil if there are none, others, or too many for an Int.
    static func read(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        guard count > 0, count <= 18 else { return nil }
        var number = 0
        for i in 0..<count {
            let digit = unsafe Int(bytes[i]) - 0x30
            guard digit >= 0, digit <= 9 else { return nil }
            number = number * 10 + digit
        }
        return number
    }
}
