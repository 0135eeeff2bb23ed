/// The labels in the text of a stream, `{host="h1",service="cart"}`, as `StreamIdentity` writes it.
///
/// - Parameter text: the text; what is not written so ends the list.
/// - Returns: names and values, their escapes resolved.
package func streamLabels(_ text: [UInt8]) -> [(name: String, value: [UInt8])] {
    var labels: [(name: String, value: [UInt8])] = []
    var index = 1
    while index < text.count {
        var end = index
        while end + 1 < text.count, text[end] != 0x3D || text[end + 1] != 0x22 { end += 1 }
        guard end + 1 < text.count else { break }
        let name = String(decoding: text[index..<end], as: UTF8.self)
        var value: [UInt8] = []
        index = end + 2
        while index < text.count, text[index] != 0x22 {
            if text[index] == 0x5C, index + 1 < text.count {
                index += 1
                switch text[index] {
                case 0x6E: value.append(0x0A)
                case 0x72: value.append(0x0D)
                case 0x74: value.append(0x09)
                case let other: value.append(other)
                }
            } else {
                value.append(text[index])
            }
            index += 1
        }
        labels.append((name, value))
        // The quote and the comma behind it.
        index += 2
    }
    return labels
}
