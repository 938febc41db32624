internal import Wire

// A sequence number is written once for every record that is sent, so that its 188 bits are kept
// in three 64-bit limbs, and divided twice by 10^19 into 18, 19 and 19 digits, without any division
// instruction.

extension SequenceNumber: CustomStringConvertible {
    /// The greatest power of ten in 64 bits.
    private static let nineteenDigits: UInt64 = 10_000_000_000_000_000_000

    /// The 56 decimal digits as ASCII; `digits.span` lends them to a writer.
    public var digits: [56 of UInt8] {
        let low = UInt64(2) | UInt64(shardIndex) << 4 | second << 36
        let middle = second >> 28 | index << 16
        let high = index >> 48 | UInt64(shardIndex & 15) << 16 | shardCreatedSecond << 20 | 2 << 56
        // The high limb is below 10^19, and so is each remainder.
        let first = Self.divide(high, middle)
        let second = Self.divide(first.remainder, low)
        let third = Self.divide(first.quotient, second.quotient)
        // The 18, 19 and 19 digits regrouped by eight, from the last to the first.
        let (c, b, a) = (second.remainder, third.remainder, third.quotient)
        var digits: [56 of UInt8] = .init(repeating: 0)
        Self.write(c % 100_000_000, at: 48, in: &digits)
        Self.write(c / 100_000_000 % 100_000_000, at: 40, in: &digits)
        let cTop = c / 10_000_000_000_000_000
        Self.write(b % 100_000 * 1000 + cTop, at: 32, in: &digits)
        Self.write(b / 100_000 % 100_000_000, at: 24, in: &digits)
        let bTop = b / 10_000_000_000_000
        Self.write(a % 100 * 1_000_000 + bTop, at: 16, in: &digits)
        Self.write(a / 100 % 100_000_000, at: 8, in: &digits)
        Self.write(a / 10_000_000_000, at: 0, in: &digits)
        return digits
    }

    /// Divides a number of two limbs by 10^19, which is above its high limb, by multiplying with
    /// the reciprocal (Möller and Granlund, "Improved division by invariant integers", 2011,
    /// algorithm 4; it asks for a divisor with its top bit set, as 10^19 has).
    @inline(__always)
    private static func divide(
        _ high: UInt64, _ low: UInt64
    ) -> (quotient: UInt64, remainder: UInt64) {
        // ⌊(2^128 − 1) / 10^19⌋ − 2^64.
        let reciprocal: UInt64 = 0xD83C_94FB_6D2A_C34A
        let product = reciprocal.multipliedFullWidth(by: high)
        let (fraction, carry) = product.low.addingReportingOverflow(low)
        var quotient = product.high &+ high &+ (carry ? 2 : 1)
        var remainder = low &- quotient &* nineteenDigits
        if remainder > fraction {
            quotient &-= 1
            remainder &+= nineteenDigits
        }
        if remainder >= nineteenDigits {
            quotient &+= 1
            remainder &-= nineteenDigits
        }
        return (quotient, remainder)
    }

    /// Appends the 56 decimal digits to `output`, which must have room for them.
    public func write(into output: inout OutputSpan<UInt8>) {
        output.append(copying: digits.span)
    }

    /// The decimal text.
    public var description: String {
        String(decodingASCII: digits.span)
    }

    /// Reads a decimal text; nil unless it has 56 digits that follow the layout.
    public init?(_ decimal: String) {
        self.init(decimal: decimal.utf8.span)
    }

    /// Reads a decimal text; nil unless it has 56 digits that follow the layout.
    public init?(decimal: Span<UInt8>) {
        guard decimal.count == Self.digitCount,
            let third = Self.number(decimal.extracting(..<18)),
            let second = Self.number(decimal.extracting(18..<37)),
            let first = Self.number(decimal.extracting(37...))
        else { return nil }
        // third * 10^19 + second is below 10^37, and that * 10^19 + first is below 10^56 < 2^187.
        let upper = UInt128(third) * UInt128(Self.nineteenDigits) + UInt128(second)
        let scaledLow =
            UInt128(UInt64(truncatingIfNeeded: upper)) * UInt128(Self.nineteenDigits)
            + UInt128(first)
        let scaledHigh =
            (upper >> 64) * UInt128(Self.nineteenDigits) + (scaledLow >> 64)
        self.init(
            low: UInt64(truncatingIfNeeded: scaledLow),
            middle: UInt64(truncatingIfNeeded: scaledHigh),
            high: UInt64(truncatingIfNeeded: scaledHigh >> 64))
    }

    /// Takes the limbs apart; nil unless every fixed bit is as the layout has it.
    private init?(low: UInt64, middle: UInt64, high: UInt64) {
        let shardIndex = UInt32(truncatingIfNeeded: low >> 4)
        let second = low >> 36 | (middle & 0xFF) << 28
        let index = middle >> 16 | high << 48
        let shardCreatedSecond = high >> 20 & 0xF_FFFF_FFFF
        guard low & 15 == 2, middle >> 8 & 0xFF == 0, high >> 56 == 2,
            high >> 16 & 15 == UInt64(shardIndex & 15),
            shardIndex <= Self.greatestShardIndex, index <= Self.greatestIndex,
            second <= Self.greatestSecond, shardCreatedSecond <= Self.greatestSecond
        else { return nil }
        self.init(
            shardCreatedSecond: shardCreatedSecond, shardIndex: shardIndex, index: index,
            second: second)
    }

    /// Reads at most 19 digits.
    private static func number(_ digits: Span<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for i in digits.indices {
            let digit = digits[i] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number &* 10 &+ UInt64(digit)
        }
        return number
    }

    /// Writes the eight digits of a number by halving: first two numbers of four digits side by
    /// side in a word, then four of two, then eight of one. Each division is a multiplication and
    /// a shift that is exact in its range. Always inlined, so that the places are constants and
    /// the eight bytes one store.
    @inline(__always)
    private static func write(_ number: UInt64, at offset: Int, in digits: inout [56 of UInt8]) {
        let fours = number / 10_000 | (number % 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        let ones = (tens | (twos &- tens &* 10) << 8) | 0x3030_3030_3030_3030
        for i in 0..<8 {
            digits[offset + i] = UInt8(truncatingIfNeeded: ones >> UInt64(8 * i))
        }
    }
}
