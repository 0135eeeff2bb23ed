/// Moves elements to larger memory, with room for `extra` more of them and at least twice as many as before.
///
/// The memory they leave is freed.
func grow<Element: BitwiseCopyable>(
    _ storage: inout UnsafeMutablePointer<Element>, _ capacity: inout Int, count: Int, extra: Int
) {
    let wanted = max(capacity * 2, count + extra)
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    unsafe larger.update(from: storage, count: count)
    unsafe storage.deallocate()
    unsafe storage = larger
    capacity = wanted
}
