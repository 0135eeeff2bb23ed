/// Moves elements to larger memory, with room for `extra` more of them and for twice as many as before; large ones grow by a quarter, so
/// that little of their memory is unused.
///
/// The memory they leave is freed.
func grow<Element: BitwiseCopyable>(
    _ storage: inout UnsafeMutablePointer<Element>, _ capacity: inout Int, count: Int, extra: Int
) {
    let isLarge = capacity * MemoryLayout<Element>.stride >= 2 << 20
    let wanted = max(isLarge ? capacity + capacity / 4 : capacity * 2, count + extra)
    if count == 0 {
        // Nothing to move: not both at the same time.
        unsafe storage.deallocate()
        unsafe storage = .allocate(capacity: wanted)
        capacity = wanted
        return
    }
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    unsafe larger.update(from: storage, count: count)
    unsafe storage.deallocate()
    unsafe storage = larger
    capacity = wanted
}
