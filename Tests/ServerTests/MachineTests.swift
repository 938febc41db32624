import Foundation
import ShardLog
import System
import Testing
import TestSupport

@testable import Server

struct MachineTests {
    @Test func `the soft limit is raised to the hard one, and what is open is counted`() {
        // More than other tests of this process have.
        let pipes = (0..<64).map { _ in Pipe() }
        #expect(Machine.openDescriptors(RealFileSystem()) >= 2 * pipes.count)
        withExtendedLifetime(pipes) {}
        let limit = DescriptorLimit.raise()
        #expect(limit.soft == limit.hard)
        #expect(DescriptorLimit.raise().initialSoft == limit.hard)
    }

    @Test func `the least limit of a control group and those above it counts`() throws {
        let folder = TemporaryFolder("cgroup")
        func write(_ name: String, _ text: String) throws {
            try folder.write(Array(text.utf8), to: name)
        }
        func limit() -> Int? {
            ControlGroup.memoryLimit(
                RealFileSystem(), membership: folder.path + "/cgroup",
                root: folder.path + "/fs")
        }
        #expect(limit() == nil)
        try write("cgroup", "4:memory:/old\n0::/system.slice/weir.service\n")
        #expect(limit() == nil)
        try write("fs/system.slice/weir.service/memory.max", "max\n")
        #expect(limit() == nil)
        try write("fs/system.slice/memory.max", "536870912\n")
        #expect(limit() == 512 << 20)
        try write("fs/system.slice/weir.service/memory.max", "1073741824\n")
        #expect(limit() == 512 << 20)
        try write("fs/memory.max", "268435456\n")
        #expect(limit() == 256 << 20)
    }

    @Test func `what was found is one line`() throws {
        let shares = try #require(DescriptorShares(limit: 65_536, open: 3, reactors: 2))
        let resources = Resources(
            descriptors: DescriptorLimit(soft: 65_536, initialSoft: 1_024, hard: 65_536),
            shares: shares, mappedSegments: 32_765, memoryBytes: 4 << 30,
            bodyMemoryBytes: 1 << 30, processors: 2, reactors: 2)
        #expect(
            resources.description == """
                found 65536 descriptors (raised from 1024): up to 40000 connections and 4096 for \
                the log; 32765 mapped segments; 4096 MiB of memory, 1024 MiB of it for requests; \
                2 cores, 2 reactors
                """)
        #expect(Processors.allowed >= 1)
        #expect(Machine.memoryBytes > 0)
    }
}
