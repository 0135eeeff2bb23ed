/// A growing buffer of plain values whose memory is kept from block to block. Indexes are the caller's duty: they are
/// checked in debug builds only, for these are the innermost loops of writing segments.
@safe
struct ReusableBuffer<Element: BitwiseCopyable>: ~Copyable {
    private(set) var pointer: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = max(1, capacity)
        unsafe pointer = .allocate(capacity: self.capacity)
    }

    deinit {
        unsafe pointer.deallocate()
    }

    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return unsafe pointer[index]
        }
        set {
            assert(index >= 0 && index < count)
            unsafe pointer[index] = newValue
        }
    }

    /// Makes room for `extra` more elements.
    mutating func reserve(_ extra: Int) {
        if count + extra > capacity { grow(extra) }
    }

    private mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        unsafe larger.update(from: pointer, count: count)
        unsafe pointer.deallocate()
        unsafe pointer = larger
        capacity = wanted
    }

    mutating func append(_ element: Element) {
        reserve(1)
        appendReserved(element)
    }

    /// Appends where ``reserve(_:)`` made room.
    mutating func appendReserved(_ element: Element) {
        assert(count < capacity)
        unsafe pointer[count] = element
        count += 1
    }

    /// Makes the buffer `count` elements long. Elements that are new hold anything.
    mutating func resize(to count: Int) {
        reserve(max(0, count - self.count))
        self.count = count
    }

    mutating func fill(_ element: Element, count: Int) {
        resize(to: count)
        unsafe pointer.update(repeating: element, count: count)
    }

    mutating func removeAll() {
        count = 0
    }
}
