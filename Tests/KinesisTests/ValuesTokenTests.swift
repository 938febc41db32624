import Kinesis
import Testing

private let key = TokenKey(bytes: (0..<32).map { UInt8($0) })
private let otherKey = TokenKey(bytes: (0..<32).map { UInt8($0) + 1 })

private func open(_ text: String, with key: TokenKey = key) -> ShardIterator? {
    ShardIterator.open(text.utf8.span, with: key)
}

private func openPage(
    _ text: String, of listing: PageToken.Listing = .shards, with key: TokenKey = key
) -> PageToken? {
    PageToken.open(text.utf8.span, of: listing, with: key)
}

/// 22 January 2015, 01:22:02 UTC.
private let issued: Int64 = 1_421_889_722_000

@Suite struct `Shard iterators` {
    static let iterators: [ShardIterator] = [
        ShardIterator(stream: 1, shard: 0, position: .horizon, issuedMilliseconds: issued),
        ShardIterator(
            stream: .max, streamName: String(repeating: "n", count: 128), shard: .max,
            position: .at(index: .max), offset: .max - 1, issuedMilliseconds: .max),
        ShardIterator(
            stream: 7, streamName: "orders", shard: 3, position: .after(index: 0), offset: 0,
            issuedMilliseconds: 0),
        ShardIterator(
            stream: 7, streamName: "orders", shard: 3,
            position: .arrival(milliseconds: -1), offset: 4096, issuedMilliseconds: .min),
    ]

    @Test(arguments: iterators)
    func `an iterator survives being sealed and opened`(iterator: ShardIterator) {
        let text = iterator.sealed(with: key)
        #expect((1...ShardIterator.greatestTextCount).contains(text.utf8.count))
        #expect(text.utf8.count % 4 == 0)
        #expect(open(text) == iterator)
        #expect(open("\"\(text)\"") == iterator)
        #expect(iterator.sealed(with: key) == text)
    }

    @Test func `an iterator opens under its own key only`() {
        let text = Self.iterators[2].sealed(with: key)
        #expect(open(text, with: otherKey) == nil)
        #expect(openPage(text) == nil)
        #expect(open(text, with: TokenKey(bytes: (0..<32).map { UInt8($0) })) != nil)
    }

    @Test func `an iterator that was changed in any bit or cut anywhere is refused`() {
        let text = Array(Self.iterators[2].sealed(with: key).utf8)
        for place in text.indices {
            for bit in 0..<7 {
                var changed = text
                changed[place] ^= 1 << bit
                #expect(open(String(decoding: changed, as: UTF8.self)) == nil)
            }
            #expect(open(String(decoding: text[..<place], as: UTF8.self)) == nil)
        }
    }

    @Test(arguments: [
        "", "\"", "\"\"", "a", "AAAA", "not base64", String(repeating: "A", count: 512),
        String(repeating: "A", count: 516), String(repeating: "A", count: 10_000),
    ])
    func `a text that is no iterator is refused`(text: String) {
        #expect(open(text) == nil)
    }

    @Test func `another incarnation of a stream is seen in what an iterator holds`() throws {
        var iterator = Self.iterators[2]
        let old = iterator.sealed(with: key)
        iterator.stream += 1
        #expect(iterator.sealed(with: key) != old)
        #expect(try #require(open(old)).stream != iterator.stream)
    }

    @Test func `an iterator can be used up to the last of its five minutes`() {
        let iterator = ShardIterator(
            stream: 1, shard: 0, position: .horizon, issuedMilliseconds: issued)
        #expect(iterator.expiry(nowMilliseconds: issued) == nil)
        #expect(iterator.expiry(nowMilliseconds: issued + 300_000) == nil)
        #expect(iterator.expiry(nowMilliseconds: issued + 300_001) != nil)
        #expect(iterator.expiry(nowMilliseconds: issued - 10_000_000) == nil)
        #expect(iterator.expiry(nowMilliseconds: issued + 6, toleratedMilliseconds: 5) != nil)
        let ancient = ShardIterator(
            stream: 1, shard: 0, position: .horizon, issuedMilliseconds: .min)
        #expect(ancient.expiry(nowMilliseconds: issued) != nil)
        let distant = ShardIterator(
            stream: 1, shard: 0, position: .horizon, issuedMilliseconds: .max)
        #expect(distant.expiry(nowMilliseconds: -2) == nil)
    }

    @Test func `the text of an expired iterator is that of AWS`() {
        let iterator = ShardIterator(
            stream: 1, shard: 0, position: .horizon, issuedMilliseconds: issued)
        let text = """
            Iterator expired. The iterator was created at time Thu Jan 22 01:22:02 UTC 2015 while \
            right now it is Thu Jan 22 02:22:02 UTC 2015 which is further in the future than the \
            tolerated delay of 300000 milliseconds.
            """
        #expect(iterator.expiry(nowMilliseconds: issued + 3_600_000) == text)
    }
}

@Suite struct `Page tokens` {
    @Test(arguments: PageToken.Listing.allCases)
    func `a token survives being sealed and opened, for its own listing only`(
        listing: PageToken.Listing
    ) {
        for count in [0, 1, 100, PageToken.greatestContentsCount] {
            let token = PageToken(
                listing: listing, issuedMilliseconds: issued,
                contents: (0..<count).map { UInt8(truncatingIfNeeded: $0) })
            let text = token.sealed(with: key)
            #expect(text.utf8.count <= PageToken.greatestTextCount)
            for other in PageToken.Listing.allCases {
                #expect(openPage(text, of: other) == (other == listing ? token : nil))
            }
            #expect(openPage(text, of: listing, with: otherKey) == nil)
            #expect(open(text) == nil)
        }
    }

    @Test func `a token that was changed in any bit or cut anywhere is refused`() {
        let token = PageToken(listing: .shards, issuedMilliseconds: issued, contents: [1, 2, 3])
        let text = Array(token.sealed(with: key).utf8)
        for place in text.indices {
            for bit in 0..<7 {
                var changed = text
                changed[place] ^= 1 << bit
                #expect(openPage(String(decoding: changed, as: UTF8.self)) == nil)
            }
            #expect(openPage(String(decoding: text[..<place], as: UTF8.self)) == nil)
        }
        #expect(openPage(String(repeating: "A", count: PageToken.greatestTextCount)) == nil)
    }

    @Test func `a token can be used up to the last of its five minutes`() {
        let token = PageToken(listing: .streams, issuedMilliseconds: issued, contents: [])
        #expect(!token.isExpired(nowMilliseconds: issued - 1))
        #expect(!token.isExpired(nowMilliseconds: issued + 300_000))
        #expect(token.isExpired(nowMilliseconds: issued + 300_001))
        #expect(token.isExpired(nowMilliseconds: issued + 2, toleratedMilliseconds: 1))
    }
}
