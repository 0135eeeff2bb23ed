import LogModel

/// Text that is not UTF-8: it is cut into lines as UTF-8, and counted as it stands in the file.
extension BatchAssembler {
    /// Takes text of another encoding.
    func takeText(
        _ bytes: UnsafeRawBufferPointer, in encoding: TextEncoding, of state: inout SourceState, profile: SourceProfile,
        ending: ReadEnding, arrival: Timestamp
    ) -> Int {
        let isFinal = ending == .final
        let text = transcoder.convert(bytes, from: encoding, isFinal: isFinal)
        let taken = takeText(text, of: &state, profile: profile, ending: ending, arrival: arrival)
        return taken == 0 ? 0 : transcoder.length(of: taken, in: bytes, from: encoding, isFinal: isFinal)
    }

    /// How many bytes at the start of a file only tell its encoding.
    func byteOrderMark(
        _ bytes: UnsafeRawBufferPointer, _ state: inout SourceState, _ encoding: TextEncoding
    ) -> Int {
        switch encoding {
        case .utf8: return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        case .utf16, .utf16LittleEndian, .utf16BigEndian:
            state.isBigEndian = bytes.starts(with: [0xFE, 0xFF])
            return bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) ? 2 : 0
        case .latin1, .windows1252: return 0
        }
    }
}
