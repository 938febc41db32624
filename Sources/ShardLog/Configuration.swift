import System

extension ShardLog {
    /// What the owner decides about a log. The defaults are those of the server.
    public struct Configuration: Sendable {
        /// The log's own folder; made if missing. No one else puts files there.
        public var folder: String
        public var durability = Durability.commit
        /// The length of a journal file; at least 64 KiB.
        public var journalFileBytes = 64 << 20
        /// At full length, header included; a multiple of 4096.
        public var segmentBytes = 64 << 20
        /// The first allocation of a segment, doubled as it fills.
        public var segmentFirstBytes = 64 << 10
        /// What all readers' staged records may occupy together.
        public var stagingBytes = 256 << 20
        /// Nothing more is staged when the oldest staged record has waited so long.
        public var stagingAgeMilliseconds = 2000
        /// A batch is closed when it holds so many bytes of records.
        public var batchBytes = 16 << 20
        /// How far behind its tail a shard's bytes count as resident without asking.
        public var residentBytes = 8 << 20
        /// Descriptors that the log may hold at a time, at least 24: its lock and folders, journal
        /// files, and segments that are open for writing or reading. Should the process have fewer,
        /// the log gets by with what it finds.
        public var descriptors = 320
        /// Segments that may be mapped at a time: half of what Linux gives a process by default.
        public var mappedSegments = 32_768
        /// Disk space that is set aside so that deletes and snapshots work on a full disk.
        public var reserveBytes = 16 << 20
        /// Milliseconds since 1970. May be wrong and may jump; see `LogClock`.
        public var wallMilliseconds: @Sendable () -> Int64
        /// Milliseconds that only go forward while the process lives.
        public var monotonicMilliseconds: @Sendable () -> Int64 = {
            Int64(MonotonicClock.nanoseconds / 1_000_000)
        }
        /// Whether something else than time vouches for a wall clock that says this: the kernel
        /// that is synchronised by NTP.
        public var isClockSynchronized: @Sendable (_ wallMilliseconds: Int64) -> Bool = { _ in
            false
        }
        /// The operator says that the wall clock is right, however far it is from the last known
        /// time, and that all time up to now has passed.
        public var acceptsClock = false
        /// How the wall clock is judged.
        public var clockRules = ClockRules()
        public var files: any FileSystem

        public init(
            folder: String, wallMilliseconds: @escaping @Sendable () -> Int64,
            files: any FileSystem = RealFileSystem()
        ) {
            self.folder = folder
            self.wallMilliseconds = wallMilliseconds
            self.files = files
        }
    }
}

extension ShardLog.Configuration {
    /// Segments that may be open at a time.
    var openSegments: Int {
        max(Limits.leastOpenSegments, descriptors - Limits.otherDescriptors)
    }
}
