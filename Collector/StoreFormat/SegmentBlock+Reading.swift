internal import ByteCoding

// All that queries read of a block goes through here, so that it is counted.
extension SegmentBlock {
    /// The checked bytes of a section.
    func section(_ reference: SectionReference) throws -> [UInt8] {
        let content = try segment.section(reference)
        memo?.note {
            $0.sections += 1
            $0.bytes += content.count
        }
        return content
    }

    /// Lends the checked bytes of a section, and what decompresses them.
    func decoding<R>(
        _ reference: SectionReference, _ body: (UnsafeRawBufferPointer, inout CodecContext) throws -> R
    ) throws -> R {
        let content = try section(reference)
        return unsafe try content.withUnsafeBytes { raw in
            var context = CodecContext()
            let result = unsafe try body(raw, &context)
            let bytes = context.decompressedBytes
            memo?.note { $0.decompressedBytes += bytes }
            return result
        }
    }

    /// What was made of a section, made and kept if need be.
    func cached<T: Sendable>(
        _ reference: SectionReference, _ form: BlockCache.Form, cost: (T) -> Int, _ make: () throws -> T
    ) rethrows -> T {
        var isMade = false
        let value = try segment.cached(reference, form, cost: cost) {
            isMade = true
            return try make()
        }
        memo?.note { if isMade { $0.cacheMisses += 1 } else { $0.cacheHits += 1 } }
        return value
    }
}
