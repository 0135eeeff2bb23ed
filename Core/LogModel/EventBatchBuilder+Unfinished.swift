public import ByteCoding

/// Looking at the event that is being built, and changing it, before it is finished: what an agent's rules do.
extension EventBatchBuilder {
    /// How many names have a number in this batch.
    public var nameCount: Int { names.count }

    /// The number of a name, if it has one in this batch.
    public func knownName(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        unsafe names.known(bytes)
    }

    /// Fields of the unfinished event so far.
    @inlinable
    public var unfinishedFieldCount: Int { fields.count - Int(fieldStarts[fieldStarts.count - 1]) }

    /// A field of the unfinished event.
    ///
    /// - Precondition: `index` is below ``unfinishedFieldCount``; checked in debug builds only.
    @inlinable
    public func unfinishedField(_ index: Int) -> FieldEntry { fields[Int(fieldStarts[fieldStarts.count - 1]) + index] }

    /// The value that readers will see of a field of the unfinished event: the last one with the name; nil without one.
    @inlinable
    public func unfinishedValue(of name: UInt32) -> ByteRange? {
        let first = Int(fieldStarts[fieldStarts.count - 1])
        var index = fields.count - 1
        while index >= first {
            if fields[index].name == name { return fields[index].value }
            index -= 1
        }
        return nil
    }

    /// Puts another field in the place of one.
    ///
    /// - Precondition: `index` is below ``unfinishedFieldCount``; checked in debug builds only.
    public mutating func replaceUnfinishedField(_ index: Int, by field: FieldEntry) {
        fields[Int(fieldStarts[fieldStarts.count - 1]) + index] = field
    }

    /// Takes all fields of a name from the unfinished event.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    public mutating func removeUnfinishedFields(_ name: UInt32) -> Bool {
        var kept = Int(fieldStarts[fieldStarts.count - 1])
        let count = fields.count
        for index in kept..<count where fields[index].name != name {
            if kept != index { fields[kept] = fields[index] }
            kept += 1
        }
        fields.resize(to: kept)
        return kept != count
    }

    /// Lends stored bytes; they must not escape the call.
    @inlinable
    public func withBytes<R: ~Copyable>(of range: ByteRange, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe arena.withBytes { bytes in
            unsafe body(UnsafeRawBufferPointer(rebasing: bytes[Int(range.offset)..<range.end]))
        }
    }

    /// Lends the value of a label of the unfinished event; nil when it brings none of the name.
    public func withUnfinishedLabel<R>(_ name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        unsafe streams.withLabel(name, body)
    }

    /// Lends the value of a label as the event will have it: what it brings itself, or else what all events have.
    public func withLabel<R>(_ name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        unsafe streams.withLabel(name) { own in
            if let own = unsafe own { return unsafe body(own) }
            for label in labels where unsafe label.name.utf8.elementsEqual(name) {
                return unsafe label.value.withUnsafeBytes { unsafe body($0) }
            }
            return body(nil)
        }
    }

    /// The labels that the unfinished event brings itself. Not for hot paths.
    public func unfinishedLabels() -> [StreamIdentity.Label] { streams.labelsOfKey() }
}
