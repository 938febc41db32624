import Foundation

/// Whether tests run in their long form (`Tests/run --long`).
public let isLongRun = ProcessInfo.processInfo.environment["WEIR_TEST_LONG"] == "1"

/// How often a test with random input is to go round: `short` times, and so many times as often in
/// the long form.
public func rounds(_ short: Int, longFactor: Int = 20) -> Int {
    isLongRun ? short * longFactor : short
}
