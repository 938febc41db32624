import Testing

@testable import Gateway

struct TokenTableTests {
    @Test func `a token finds its element until it is removed`() {
        var table = TokenTable<String>()
        let token = table.insert("a")
        #expect(token != 0)
        #expect(table[token] == "a")
        #expect(table.remove(token) == "a")
        #expect(table[token] == nil)
        #expect(table.remove(token) == nil)
        #expect(table.count == 0)
    }

    @Test func `the token of something gone does not find what took its slot`() {
        var table = TokenTable<Int>()
        let old = table.insert(1)
        table.remove(old)
        let new = table.insert(2)
        #expect(old & 0xffff_ffff == new & 0xffff_ffff)
        #expect(table[old] == nil)
        #expect(table[new] == 2)
    }

    @Test func `a number that was never a token finds nothing`() {
        var table = TokenTable<Int>()
        _ = table.insert(1)
        #expect(table[0] == nil)
        #expect(table[.max] == nil)
    }

    @Test func `visiting shows what is there and nothing else`() {
        var table = TokenTable<Int>()
        let tokens = (0..<10).map { table.insert($0) }
        for position in stride(from: 0, to: 10, by: 2) { table.remove(tokens[position]) }
        var seen: [Int] = []
        table.forEach { seen.append($0) }
        #expect(seen.sorted() == [1, 3, 5, 7, 9])
        #expect(table.count == 5)
    }
}
