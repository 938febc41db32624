public import Reactor
internal import TLS

/// What the streams of one reactor share: the thread, and the buffers that an idle stream has none
/// of. Belongs to the reactor's thread, as its streams do.
public final class TransportContext {
    public let reactor: Reactor
    let scratch = TLSScratch()
    private var input: [UInt8] = []
    private var plaintext: [UInt8] = []

    public init(reactor: Reactor) {
        self.reactor = reactor
        input.reserveCapacity(Limits.readBytes)
        plaintext.reserveCapacity(Limits.recordBytes)
    }

    // A buffer is lent to one stream at a time. It is taken out and put back so that appending to
    // it is appending to a local array.

    func takeInput() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &input)
        return buffer
    }

    func putBack(input buffer: consuming [UInt8]) { input = buffer }

    func takePlaintext() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &plaintext)
        return buffer
    }

    func putBack(plaintext buffer: consuming [UInt8]) { plaintext = buffer }
}
