/// The value of a hash key's decimal digits, or nil if it is 2^128 or above.
///
/// The digits have passed the model's pattern: at most 39, no leading zero.
func hashKey(fromDecimal digits: Span<UInt8>) -> UInt128? {
    var value: UInt128 = 0
    for index in digits.indices {
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let digit = UInt128(digits[index] - UInt8(ascii: "0"))
        let (sum, carry) = product.addingReportingOverflow(digit)
        if overflow || carry { return nil }
        value = sum
    }
    return value
}
