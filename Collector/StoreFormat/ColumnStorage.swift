internal import ByteCoding
internal import LogModel

/// How a block keeps the values of one field.
package struct ColumnStorage: Sendable, Equatable {
    /// The ways, by the names that queries know them by.
    package enum Form: String, Sendable {
        case dictionary, hexadecimal, level, memory, numbers, packed, stream, templates, text, time, timestamps
    }

    /// The way.
    package var form: Form
    /// Bytes of the section on disk; of ``Form/packed`` those of all fields that share it. 0 in memory.
    package var bytes: Int

    /// Makes a description.
    package init(_ form: Form, bytes: Int) {
        self.form = form
        self.bytes = bytes
    }
}

extension BlockSource {
    /// As values in memory.
    package func storage(of name: String) throws -> ColumnStorage? {
        name == FieldName.time || name == FieldName.message || hasField(name) ? ColumnStorage(.memory, bytes: 0) : nil
    }
}

extension SegmentBlock {
    func storage(of name: String) throws -> ColumnStorage? {
        if name == FieldName.time { return ColumnStorage(.time, bytes: Int(description.times.length)) }
        let column = description.columns.first { $0.name == name }?.section
        if let section = name == FieldName.message ? description.messages : column {
            return ColumnStorage(try form(of: section), bytes: Int(section.length))
        }
        guard let overflow = description.overflow, overflow.names.contains(name) else { return nil }
        return ColumnStorage(.packed, bytes: Int(overflow.section.length))
    }

    private func form(of section: SectionReference) throws -> ColumnStorage.Form {
        switch section.kind {
        case .dictionary: return .dictionary
        case .templates: return .templates
        case .typed:
            return unsafe try decoding(section) { raw, _ in
                var reader = unsafe ByteReader(raw)
                switch unsafe try form(&reader) {
                case .byStream: return .stream
                case .byLevel: return .level
                case .numbers: return .numbers
                case .timestamps: return .timestamps
                case .hexadecimal, .hexadecimalPieces: return .hexadecimal
                case .templates: return .templates
                }
            }
        default: return .text
        }
    }
}
