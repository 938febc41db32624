internal import CNGHTTP2

/// Looks at the heads of a client's frames before nghttp2 does, for two things that nghttp2 leaves
/// to us: frames on streams that are no more (RFC 9113 §5.1), and frames that cost work and bring
/// nothing (§10.5).
final class FrameWatch {
    /// What the owner has to act upon before the frame is read.
    enum Sight {
        /// The peer has sent more idle frames than it may.
        case flood
        /// DATA or HEADERS that may be on a stream which is no more: `violation` says so when the
        /// bytes before the frame have been read and nghttp2 does not know the stream.
        case late(FrameHead)
    }

    private let context: HTTPContext
    private var scanner = FrameScanner()
    private let streams = EndedStreams()

    // The highest stream that the client has begun, and the one when these bytes came.
    private var highest: UInt32 = 0
    private var highestBefore: UInt32 = 0
    // A reset is among these bytes, so that a stream begun in them may have ended in them.
    private var hasReset = false
    private var at = 0

    // Idle frames that the peer may still send.
    private var allowance: Int
    private var allowanceSince: UInt64
    // What a peer may save up, by being sent much.
    private static let mostSaved = 100_000

    init(_ context: HTTPContext) {
        self.context = context
        allowance = context.configuration.idleFrames
        allowanceSince = context.time
    }

    // MARK: Frames

    /// Begins with other bytes.
    func beginPiece() {
        at = 0
        highestBefore = highest
        hasReset = false
    }

    /// Goes on through the bytes; nil at their end.
    func next(_ bytes: UnsafeBufferPointer<UInt8>) -> Sight? {
        // Copies, because passing a property of an object costs a check at run time.
        var scanner = self.scanner
        var at = self.at
        defer {
            self.scanner = scanner
            self.at = at
        }
        while let frame = unsafe scanner.next(bytes, &at) {
            switch frame.type {
            case NG.data:
                if frame.length < Limits.leastDataFrame, !frame.endsStream, !spend() {
                    return .flood
                }
                // One beyond the highest is idle, which nghttp2 tells.
                if frame.streamID <= highest, frame.streamID <= highestBefore || hasReset {
                    return .late(frame)
                }
            case NG.headers:
                guard frame.streamID <= highest else {
                    begin(frame.streamID)
                    continue
                }
                guard spend() else { return .flood }
                return .late(frame)
            case NG.rstStream:
                hasReset = true
            case NG.continuation where frame.length > 0:
                break
            default:
                guard spend() else { return .flood }
            }
        }
        return nil
    }

    private func begin(_ stream: UInt32) {
        // An even number is nghttp2's to refuse.
        guard stream & 1 == 1 else { return }
        let expected = highest == 0 ? 1 : highest + 2
        if stream > expected { streams.addGap(expected, stream - 2) }
        highest = stream
        earn(Self.framesPerRequest)
    }

    /// What a frame on a stream that nghttp2 does not know breaks; nil if it is to be ignored,
    /// because it may have been on its way when we ended the stream.
    func violation(_ frame: FrameHead) -> ResetCode? {
        if streams.contains(frame.streamID) { return .streamClosed }
        if frame.type == NG.headers, streams.wasPassedOver(frame.streamID) { return .protocolError }
        return nil
    }

    /// A stream has ended that the client had ended or reset before.
    func ended(_ stream: UInt32) { streams.add(stream) }

    // MARK: The allowance

    // A request may come with a priority, trailers and credit.
    private static let framesPerRequest = 4

    /// We have sent a DATA frame: its credit comes back in two frames, or in two for each KiB.
    @inline(__always)
    func earn(dataBytes: Int) { earn(4 + dataBytes >> 9) }

    @inline(__always)
    private func earn(_ count: Int) { allowance = min(allowance + count, Self.mostSaved) }

    @inline(__always)
    private func spend() -> Bool {
        allowance -= 1
        return allowance >= 0 || forgive()
    }

    /// Gives back what the time that has passed forgives; whether that is anything.
    private func forgive() -> Bool {
        let seconds = (context.time &- allowanceSince) / 1_000_000_000
        guard seconds > 0 else { return false }
        allowanceSince &+= seconds * 1_000_000_000
        let forgiven = Int(min(seconds, 1_000_000)) * context.configuration.idleFramesPerSecond
        allowance = min(allowance + forgiven, context.configuration.idleFrames)
        return allowance >= 0
    }
}
