import CBytes
import Testing
import TestSupport

/// One checksum in its two implementations.
private struct Checksum: Sendable {
    var byProcessor: @Sendable ([UInt8], UInt32) -> UInt32
    var portable: @Sendable ([UInt8], UInt32) -> UInt32

    static let ieee = Checksum(
        byProcessor: { unsafe weir_crc32($1, $0, $0.count) },
        portable: { unsafe weir_crc32_portable($1, $0, $0.count) })
    static let castagnoli = Checksum(
        byProcessor: { unsafe weir_crc32c($1, $0, $0.count) },
        portable: { unsafe weir_crc32c_portable($1, $0, $0.count) })

    /// Of bytes that begin `offset` behind an aligned address.
    static func unaligned(
        _ bytes: [UInt8], _ offset: Int, _ count: Int
    ) -> (ieee: UInt32, castagnoli: UInt32) {
        unsafe bytes.withUnsafeBytes { whole in
            let part = unsafe whole.baseAddress! + offset
            return unsafe (weir_crc32(0, part, count), weir_crc32c(0, part, count))
        }
    }
}

@Suite struct `Checksums` {
    @Test func `the check values of both checksums are those of the catalogues`() {
        let check = Array("123456789".utf8)
        #expect(Checksum.ieee.byProcessor(check, 0) == 0xCBF4_3926)
        #expect(Checksum.ieee.portable(check, 0) == 0xCBF4_3926)
        #expect(Checksum.castagnoli.byProcessor(check, 0) == 0xE306_9283)
        #expect(Checksum.castagnoli.portable(check, 0) == 0xE306_9283)
    }

    // RFC 3720, appendix B.4.
    @Test func `the Castagnoli checksum gives the examples of its RFC`() {
        let ascending = (0..<32).map { UInt8($0) }
        let castagnoli = Checksum.castagnoli.byProcessor
        #expect(castagnoli([UInt8](repeating: 0, count: 32), 0) == 0x8A91_36AA)
        #expect(castagnoli([UInt8](repeating: 0xFF, count: 32), 0) == 0x62A8_AB43)
        #expect(castagnoli(ascending, 0) == 0x46DD_794E)
        #expect(castagnoli(ascending.reversed(), 0) == 0x113F_DB5C)
    }

    @Test func `nothing leaves a checksum as it is`() {
        for checksum in [Checksum.ieee, .castagnoli] {
            #expect(checksum.byProcessor([], 0) == 0)
            #expect(checksum.byProcessor([], 7) == 7)
            #expect(checksum.portable([], 7) == 7)
        }
    }

    @Test func `the processor's way and the portable way agree at every length and offset`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(400)
        for offset in 0..<17 {
            for count in 0...300 {
                let part = Array(bytes[offset..<offset + count])
                let start = UInt32(truncatingIfNeeded: random.next())
                for checksum in [Checksum.ieee, .castagnoli] {
                    #expect(
                        checksum.byProcessor(part, start) == checksum.portable(part, start),
                        "seed \(seed), offset \(offset), count \(count)")
                }
                let there = Checksum.unaligned(bytes, offset, count)
                #expect(there.ieee == Checksum.ieee.portable(part, 0), "seed \(seed)")
                #expect(there.castagnoli == Checksum.castagnoli.portable(part, 0), "seed \(seed)")
            }
        }
    }

    @Test func `a checksum does not depend on where its message was cut`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(700)
        for checksum in [Checksum.ieee, .castagnoli] {
            let whole = checksum.portable(bytes, 0)
            for cut in 0...700 {
                let first = checksum.byProcessor(Array(bytes[..<cut]), 0)
                let both = checksum.byProcessor(Array(bytes[cut...]), first)
                #expect(both == whole, "seed \(seed), cut \(cut)")
            }
        }
    }
}
