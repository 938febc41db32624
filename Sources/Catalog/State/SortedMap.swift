/// An ordered map whose versions share structure: a change copies one chunk and a list of chunks.
///
/// Snapshots keep old versions alive while the next one is made, so a plain dictionary would be
/// copied whole at every change. Here a change of a map of n entries copies at most `chunkSize`
/// entries and n / `chunkSize` references; in a map that nobody else holds it copies nothing.
/// Finding is two binary searches.
struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    private struct Chunk: Sendable {
        var keys: [Key]
        var values: [Value]
    }

    /// The first key of each chunk, side by side so that the search touches no chunk.
    private var firsts: [Key] = []
    private var chunks: [Chunk] = []
    private(set) var count = 0

    private static var chunkSize: Int { 64 }

    var isEmpty: Bool { count == 0 }

    subscript(key: Key) -> Value? {
        let (chunk, slot) = place(of: key)
        guard chunk < chunks.count, slot < chunks[chunk].keys.count,
            chunks[chunk].keys[slot] == key
        else { return nil }
        return chunks[chunk].values[slot]
    }

    /// Sets the value of a key that may be there already.
    mutating func set(_ key: Key, _ value: Value) {
        guard !chunks.isEmpty else {
            firsts = [key]
            chunks = [Chunk(keys: [key], values: [value])]
            count = 1
            return
        }
        let (chunk, slot) = place(of: key)
        if slot < chunks[chunk].keys.count, chunks[chunk].keys[slot] == key {
            chunks[chunk].values[slot] = value
            return
        }
        chunks[chunk].keys.insert(key, at: slot)
        chunks[chunk].values.insert(value, at: slot)
        if slot == 0 { firsts[chunk] = key }
        count += 1
        if chunks[chunk].keys.count > Self.chunkSize { divide(chunk) }
    }

    /// Removes a key; nothing happens if it is not there.
    mutating func remove(_ key: Key) {
        let (chunk, slot) = place(of: key)
        guard chunk < chunks.count, slot < chunks[chunk].keys.count,
            chunks[chunk].keys[slot] == key
        else { return }
        chunks[chunk].keys.remove(at: slot)
        chunks[chunk].values.remove(at: slot)
        count -= 1
        if chunks[chunk].keys.isEmpty {
            chunks.remove(at: chunk)
            firsts.remove(at: chunk)
            return
        }
        if slot == 0 { firsts[chunk] = chunks[chunk].keys[0] }
        join(chunk)
    }

    /// Visits the entries in the order of their keys, from the first that is not below `start`,
    /// until `body` returns false.
    func visit(from start: Key? = nil, _ body: (Key, Value) -> Bool) {
        var (chunk, slot) = start.map { place(of: $0) } ?? (0, 0)
        while chunk < chunks.count {
            let present = chunks[chunk]
            while slot < present.keys.count {
                if !body(present.keys[slot], present.values[slot]) { return }
                slot += 1
            }
            chunk += 1
            slot = 0
        }
    }

    /// The chunk and slot of the first key that is not below `key`; the slot may be one behind
    /// the chunk's last.
    private func place(of key: Key) -> (chunk: Int, slot: Int) {
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if key < firsts[middle] { high = middle } else { low = middle + 1 }
        }
        let chunk = Swift.max(low - 1, 0)
        guard chunk < chunks.count else { return (0, 0) }
        var first = 0
        var end = chunks[chunk].keys.count
        while first < end {
            let middle = (first + end) / 2
            if chunks[chunk].keys[middle] < key { first = middle + 1 } else { end = middle }
        }
        return (chunk, first)
    }

    /// Divides a chunk that has grown too long. The last one is left full, because keys that only
    /// grow would otherwise leave every chunk half empty.
    private mutating func divide(_ index: Int) {
        let length = chunks[index].keys.count
        let cut = index == chunks.count - 1 ? length - 1 : length / 2
        let upper = Chunk(
            keys: Array(chunks[index].keys[cut...]), values: Array(chunks[index].values[cut...]))
        chunks[index].keys.removeSubrange(cut...)
        chunks[index].values.removeSubrange(cut...)
        firsts.insert(upper.keys[0], at: index + 1)
        chunks.insert(upper, at: index + 1)
    }

    /// Joins a chunk with the one behind it when both together are at most half full.
    private mutating func join(_ index: Int) {
        guard index + 1 < chunks.count else { return }
        guard chunks[index].keys.count + chunks[index + 1].keys.count <= Self.chunkSize / 2 else {
            return
        }
        let upper = chunks.remove(at: index + 1)
        firsts.remove(at: index + 1)
        chunks[index].keys.append(contentsOf: upper.keys)
        chunks[index].values.append(contentsOf: upper.values)
    }
}
