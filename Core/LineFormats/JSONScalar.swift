/// Whether text is a JSON number, `true`, `false` or `null`.
@usableFromInline
func isScalar(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let first = unsafe text.first else { return false }
    switch first {
    case 0x74: return unsafe text.elementsEqual("true".utf8)
    case 0x66: return unsafe text.elementsEqual("false".utf8)
    case 0x6E: return unsafe text.elementsEqual("null".utf8)
    default: break
    }
    var index = first == 0x2D ? 1 : 0
    func digits() -> Int {
        let start = index
        while index < text.count, case let byte = unsafe text[index], byte >= 0x30, byte <= 0x39 { index += 1 }
        return index - start
    }
    let leadingZero = unsafe index < text.count && text[index] == 0x30
    let whole = digits()
    guard whole > 0, !(leadingZero && whole > 1) else { return false }
    if index < text.count, unsafe text[index] == 0x2E {
        index += 1
        guard digits() > 0 else { return false }
    }
    if index < text.count, unsafe text[index] | 0x20 == 0x65 {
        index += 1
        if index < text.count, unsafe text[index] == 0x2B || text[index] == 0x2D { index += 1 }
        guard digits() > 0 else { return false }
    }
    return index == text.count
}
