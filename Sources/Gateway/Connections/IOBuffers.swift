import TLS

/// The buffers that the connections of a reactor use in turn.
///
/// Each is taken out and given back, because an array of an object that is changed in place costs
/// a check at run time at each use.
final class IOBuffers {
    /// TLS records on their way in and out.
    let scratch = TLSScratch()
    private var input: [UInt8] = []
    private var plaintext: [UInt8] = []
    private var blocks: [[UInt8]] = []
    /// Blocks that are kept for others.
    private static let keptBlocks = 256

    /// The buffer that a socket is read into, empty.
    func takeInput() -> [UInt8] {
        var taken = input
        input = []
        taken.removeAll(keepingCapacity: true)
        return taken
    }

    func giveBack(input: [UInt8]) { self.input = input }

    /// The buffer that a connection's output is made in, empty.
    func takePlaintext() -> [UInt8] {
        var taken = plaintext
        plaintext = []
        taken.removeAll(keepingCapacity: true)
        return taken
    }

    func giveBack(plaintext: [UInt8]) { self.plaintext = plaintext }

    /// A block for ciphertext that a socket did not take: one TLS record and its overhead.
    func takeBlock() -> [UInt8] {
        if let block = blocks.popLast() { return block }
        var block: [UInt8] = []
        block.reserveCapacity(Limits.ioBytes + 512)
        return block
    }

    func giveBack(block: [UInt8]) {
        guard blocks.count < Self.keptBlocks else { return }
        var block = block
        block.removeAll(keepingCapacity: true)
        blocks.append(block)
    }
}
