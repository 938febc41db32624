/// Something in the journal that was durable and is not what was written, or not there.
struct JournalFault: Error {
    enum Kind: Equatable {
        /// The file is shorter than it was made.
        case short
        /// The journal begins behind this batch, and an earlier one is needed.
        case lacksBeginning(after: UInt64, needed: UInt64)
        /// The next file says that this batch was durable.
        case damaged(batch: UInt64, before: UInt64)
        /// A batch behind it in the file says so.
        case proved(batch: UInt64, by: UInt64)
        /// The file ends before it, and the next one begins behind it.
        case missing(batch: UInt64, before: UInt64)
        /// Batches that are needed stand behind a header that is wrong.
        case header
        /// The records of this batch are wrong, and the segments have them.
        case copy(batch: UInt64)
    }

    var kind: Kind
    /// The file's name.
    var file: String
    var offset: Int
    /// What the batch was to hold, if its head is right.
    var extents: [Extent] = []

    /// What is wrong, in one line.
    var text: String {
        switch kind {
        case .short: "the journal file is shorter than it was made"
        case .lacksBeginning(let after, let needed):
            "the journal begins after batch \(after), and batch \(needed) is needed"
        case .damaged(let batch, let next):
            "batch \(batch) is not what was written, and \(next) was durable"
        case .proved(let batch, let by):
            "batch \(batch) is not what was written, and batch \(by) proves that it was durable"
        case .missing(let batch, let next):
            "batch \(batch) is missing, and batch \(next) was durable"
        case .header: "the header of a journal file that is needed is wrong"
        case .copy(let batch):
            "the records of batch \(batch) are not what was written"
        }
    }
}
