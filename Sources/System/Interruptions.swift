public import Glibc

/// Makes a call that answers -1 again for as long as a signal is why (`EINTR`). Not for `close`:
/// Linux has closed the descriptor by then.
// Inlinable, because a generic that is not specialised would cost more than a small system call.
@inlinable
public func retrying<Answer: SignedInteger>(_ call: () -> Answer) -> Answer {
    while true {
        let answer = call()
        if answer != -1 || errno != EINTR { return answer }
    }
}
