internal import ShardLog
internal import System

/// What the process found at its start, and what it makes of it.
struct Resources: CustomStringConvertible {
    let descriptors: DescriptorLimit
    let shares: DescriptorShares
    /// Segments that the log may map: half of the mappings that the process may have.
    let mappedSegments: Int
    let memoryBytes: Int
    let bodyMemoryBytes: Int
    let processors: Int
    let reactors: Int

    private static let mostMappedSegments = 32_768

    /// Raises the process's limit of descriptors and shares them out. To be called before the
    /// process opens anything of its own.
    static func find(
        _ configuration: ServerConfiguration, _ files: any FileSystem
    ) throws(StartFailure) -> Resources {
        let open = Machine.openDescriptors(files)
        let limit = DescriptorLimit.raise()
        let reactors = configuration.reactors
        guard let shares = DescriptorShares(limit: limit.soft, open: open, reactors: reactors)
        else {
            let least = DescriptorShares.least(open: open, reactors: reactors)
            throw StartFailure(
                """
                This process may open \(limit.soft) files; with \(reactors) reactors it needs at \
                least \(least). Raise the limit (ulimit -n, or LimitNOFILE= of the service).
                """)
        }
        return Resources(
            descriptors: limit, shares: shares,
            mappedSegments: min(mostMappedSegments, max(64, Machine.mappings(files) / 2)),
            memoryBytes: Machine.memoryBytes, bodyMemoryBytes: configuration.bodyMemoryBytes,
            processors: Processors.allowed, reactors: reactors)
    }

    /// The line that the start writes.
    var description: String {
        let raised =
            descriptors.initialSoft == descriptors.soft
            ? "hard limit \(descriptors.hard)" : "raised from \(descriptors.initialSoft)"
        return """
            found \(descriptors.soft) descriptors (\(raised)): up to \(shares.connections) \
            connections and \(shares.log) for the log; \(mappedSegments) mapped segments; \
            \(memoryBytes >> 20) MiB of memory, \(bodyMemoryBytes >> 20) MiB of it for requests; \
            \(processors) cores, \(reactors) reactors
            """
    }
}
