internal import CLinux

/// How the process takes memory from the system and gives it back (mallopt(3)).
///
/// glibc's defaults are for short programs: a thread's arena grows by single pages, with a call of
/// mprotect for each, and shrinks as soon as its end is free; what lies below a block in use is
/// never given back.
public enum Allocator {
    /// The main arena grows by at least this, and a new one begins with it.
    private static let step: Int32 = 1 << 20
    /// The free end of an arena that is kept.
    private static let keptEnd: Int32 = 16 << 20
    /// A block of this size is a mapping of its own, which grows without being copied and goes back
    /// when it is freed.
    private static let mappedBlock: Int32 = 4 << 20
    /// What a reactor's arena has ahead of it, in blocks; together less than what is kept at the
    /// end of an arena, and each less than a mapping of its own.
    private static let aheadBlock = (4 << 20) - (64 << 10)
    private static let aheadBlocks: Int32 = 3

    /// Sets the allocator up for so many reactors. Called once, before there are other threads.
    public static func setUp(reactors: Int) {
        // One for each reactor; the committer, the lanes and the housekeeper share two.
        _ = weir_malloc_arenas(Int32(clamping: reactors + 2))
        _ = weir_malloc_top_pad(step)
        _ = weir_malloc_trim_threshold(keptEnd)
        _ = weir_malloc_mmap_threshold(mappedBlock)
    }

    /// Makes the calling thread's arena grow by twelve megabytes, unless it has them free. glibc lets
    /// all arenas but the main one grow by the pages that are asked for, whatever the step is: one
    /// mprotect for each event that is encoded, until the rings are full. A page that was not used
    /// yet costs nothing.
    public static func growAhead() {
        weir_malloc_ahead(aheadBlock, aheadBlocks)
    }

    /// Gives the free pages of all arenas back; each is locked for as long as that takes.
    public static func giveBack() {
        _ = weir_malloc_trim(Int(step))
    }
}
