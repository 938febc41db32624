/// A growing list that owns its objects and knows nothing of exclusivity: appending and taking
/// out happen for every request, and an array in a class pays two dynamic checks for each.
@safe final class OwnedList<Element: AnyObject> {
    // Each place below `count` holds one retain, which leaves with `remove` or `removeLast`, or in
    // deinit. The allocation is owned here.
    private var places: UnsafeMutablePointer<Unmanaged<Element>>
    private var capacity = 8
    private(set) var count = 0

    init() { unsafe places = .allocate(capacity: 8) }

    deinit {
        for i in 0..<count { unsafe places[i].release() }
        unsafe places.deallocate()
    }

    subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count)
        return unsafe places[index].takeUnretainedValue()
    }

    func append(_ element: consuming Element) {
        if count == capacity { grow() }
        unsafe (places + count).initialize(to: Unmanaged.passRetained(element))
        count += 1
    }

    func removeLast() -> Element? {
        guard count > 0 else { return nil }
        count -= 1
        return unsafe places[count].takeRetainedValue()
    }

    /// Takes out the element at `index` and puts the last one into its place; `moved` is told.
    func remove(at index: Int, moved: (Element) -> Void) -> Element {
        precondition(index >= 0 && index < count)
        let taken = unsafe places[index]
        count -= 1
        if index < count {
            unsafe places[index] = places[count]
            moved(self[index])
        }
        return unsafe taken.takeRetainedValue()
    }

    private func grow() {
        let larger = UnsafeMutablePointer<Unmanaged<Element>>.allocate(capacity: 2 * capacity)
        unsafe larger.moveInitialize(from: places, count: count)
        unsafe places.deallocate()
        unsafe places = larger
        capacity *= 2
    }
}
