/// A growing buffer of plain values whose memory is kept from use to use.
///
/// Indexes are the caller's duty: they are checked in debug builds only, for these are the innermost loops of taking
/// events in and of writing segments. One owner, one thread at a time.
@safe
public struct ReusableBuffer<Element: BitwiseCopyable>: ~Copyable {
    /// The first element; valid until the buffer grows.
    @inlinable public var pointer: UnsafeMutablePointer<Element> { unsafe storage }
    @usableFromInline var storage: UnsafeMutablePointer<Element>
    @usableFromInline var capacity: Int
    /// How many elements there are.
    @inlinable public var count: Int { _count }
    @usableFromInline var _count = 0

    /// Makes an empty buffer with room for `capacity` elements, at least one.
    public init(capacity: Int = 64) {
        self.capacity = max(1, capacity)
        unsafe storage = .allocate(capacity: self.capacity)
    }

    deinit {
        unsafe storage.deallocate()
    }

    /// Bytes of memory that the buffer holds.
    public var memoryBytes: Int { capacity * MemoryLayout<Element>.stride }

    /// The element at an index.
    ///
    /// - Precondition: `index` is below ``count``; checked in debug builds only.
    @inlinable
    public subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < count)
            return unsafe storage[index]
        }
        set {
            assert(index >= 0 && index < count)
            unsafe storage[index] = newValue
        }
    }

    /// Makes room for `extra` more elements.
    @inlinable
    public mutating func reserve(_ extra: Int) {
        if _count + extra > capacity { grow(extra) }
    }

    @usableFromInline
    mutating func grow(_ extra: Int) {
        unsafe ByteCoding.grow(&storage, &capacity, count: _count, extra: extra)
    }

    /// Appends an element.
    @inlinable
    public mutating func append(_ element: Element) {
        reserve(1)
        appendReserved(element)
    }

    /// Appends an element where ``reserve(_:)`` made room.
    @inlinable
    public mutating func appendReserved(_ element: Element) {
        assert(_count < capacity)
        unsafe storage[_count] = element
        _count += 1
    }

    /// Makes the buffer `count` elements long. Elements that are new hold anything.
    @inlinable
    public mutating func resize(to count: Int) {
        reserve(max(0, count - _count))
        _count = count
    }

    /// Makes the buffer `count` elements long, all of them `element`.
    public mutating func fill(_ element: Element, count: Int) {
        removeAll()
        resize(to: count)
        unsafe storage.update(repeating: element, count: count)
    }

    /// Forgets the elements and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        _count = 0
    }

    /// A copy of the elements, with no room to spare.
    ///
    /// - Complexity: O(count)
    public func array() -> [Element] {
        unsafe [Element](UnsafeBufferPointer(start: storage, count: _count))
    }
}
