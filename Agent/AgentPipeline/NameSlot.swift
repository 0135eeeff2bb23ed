import LogModel

/// The number of a field's name in the batch that is being built, looked up only when there may be news.
struct NameSlot {
    /// Whether it is the name of a label of the stream.
    let isLabel: Bool
    private let bytes: [UInt8]
    private var number: UInt32?
    private var checkedCount = 0

    init(_ name: String) {
        isLabel = FieldName.defaultStreamLabels.contains(name)
        bytes = Array(name.utf8)
    }

    /// Lends the name.
    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { bytes.withUnsafeBytes(body) }

    /// Forgets the number: a new batch has its own.
    mutating func forget() {
        number = nil
        checkedCount = 0
    }

    /// The number, if any event of the batch has had a field of the name.
    @inline(__always)
    mutating func resolve(_ builder: borrowing EventBatchBuilder) -> UInt32? {
        if let number { return number }
        let count = builder.nameCount
        guard count != checkedCount else { return nil }
        checkedCount = count
        number = bytes.withUnsafeBytes { builder.knownName($0) }
        return number
    }
}
